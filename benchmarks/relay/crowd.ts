/** So many providers, each with a connection and a model of its own, in one process. Prints a line when all are registered. */
import { connectSocket } from "./children.ts";

const count = Number(process.argv[2]);
const url = process.env["GANTRY_URL"] as string;
const key = process.env["GANTRY_KEY"] as string;

async function join(index: number): Promise<void> {
  const socket = await connectSocket(`${url}/providers`, key);
  socket.on("invoke", ({ id }: { id: string }) => socket.emit("result", { id, data: "echo" }));
  const methods = [{ name: "echo" }, { name: "other", input: { type: "object", properties: { index: { const: index % 50 } } } }];
  const document = { proto: 1, name: `crowd-${index}`, instance: "one", epoch: 1, models: [{ id: `crowd-${index}` }], methods };
  const answer = (await socket.emitWithAck("register", document)) as { ok: boolean };
  if (!answer.ok) throw new Error(JSON.stringify(answer));
}

for (let index = 0; index < count; index += 50) {
  await Promise.all(Array.from({ length: Math.min(50, count - index) }, (_, offset) => join(index + offset)));
}
process.stdout.write("ready\n");
