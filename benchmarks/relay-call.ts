/** A call through the daemon against the same call straight to a Socket.IO server and through a bare relay, each of caller, daemon, and provider in its own process. */
import type { Socket } from "socket.io-client";

import { defineBenchmark, type Figures, percentile, rate } from "./harness.ts";
import { connectSocket, endProcess, startChild, startDaemon, startProvider } from "./relay/children.ts";

const atOnce = 64;
const callsPerRound = 15_000;
const callsAlone = 1_000;

const sizes = { "200 B": 200, "4 KB": 4096 };
const ratio =
  (size: string, to = "direct") =>
  (figures: Figures) =>
    (figures[`relayed ${size}`] as number) / (figures[`${to} ${size}`] as number);
const alone = (to: string) => (figures: Figures) => (figures["relayed alone.p50Ms"] as number) / (figures[`${to} alone.p50Ms`] as number);

export default defineBenchmark({
  name: "relay-call",
  summary:
    "echo through the daemon, directly by Socket.IO emitWithAck, and through a bare relay, 64 at once (calls per second) and one at a time (milliseconds)",
  async prepare() {
    const daemon = await startDaemon();
    const provider = await startProvider(daemon, "bench-1");
    const server = await startChild("direct-server.ts");
    const relay = await startChild("bare-relay.ts");
    const bareProvider = await startChild("bare-provider.ts", {}, [`http://127.0.0.1:${relay.line}`]);
    const sockets = {
      relayed: await connectSocket(`${daemon.url}/cluster`, daemon.key),
      direct: await connectSocket(`http://127.0.0.1:${server.line}/providers`),
      bare: await connectSocket(`http://127.0.0.1:${relay.line}/cluster`),
    };
    const contenders: Record<string, () => Promise<number | Record<string, number>>> = {};
    for (const [kind, socket] of Object.entries(sockets)) {
      for (const [size, bytes] of Object.entries(sizes)) {
        const text = "x".repeat(bytes);
        contenders[`${kind} ${size}`] = () => rate(callsPerRound, atOnce, () => call(socket, text));
      }
      contenders[`${kind} alone`] = () => latencies(socket);
    }
    return {
      contenders,
      async close() {
        for (const socket of Object.values(sockets)) socket.disconnect();
        await Promise.all([endProcess(provider), endProcess(server.child), endProcess(bareProvider.child), endProcess(relay.child)]);
        await daemon.stop();
      },
    };
  },
  targets: [
    { what: "relayed call of 200 B, 64 at once, share of direct", value: ratio("200 B"), atLeast: 0.45, unit: "×" },
    { what: "relayed call of 4 KB, 64 at once, share of direct", value: ratio("4 KB"), atLeast: 0.8, unit: "×" },
    { what: "relayed call of 200 B, alone, p50, times direct", value: alone("direct"), atMost: 2.5, unit: "×" },
    // What three processes on this machine allow: no target, but the part that is Gantry's own.
    { what: "relayed call of 200 B, 64 at once, share of a bare relay", value: ratio("200 B", "bare"), unit: "×" },
    { what: "relayed call of 4 KB, 64 at once, share of a bare relay", value: ratio("4 KB", "bare"), unit: "×" },
    { what: "relayed call of 200 B, alone, p50, times a bare relay", value: alone("bare"), unit: "×" },
  ],
});

async function call(socket: Socket, text: string): Promise<void> {
  const answer = (await socket.emitWithAck("invoke", { provider: "bench", method: "echo", params: { text } })) as { ok: boolean };
  if (!answer.ok) throw new Error(JSON.stringify(answer));
}

async function latencies(socket: Socket): Promise<Record<string, number>> {
  const text = "x".repeat(200);
  const taken: number[] = [];
  for (let index = 0; index < callsAlone; index += 1) {
    const startedAt = performance.now();
    await call(socket, text);
    taken.push(performance.now() - startedAt);
  }
  return { p50Ms: percentile(taken, 0.5), p99Ms: percentile(taken, 0.99) };
}
