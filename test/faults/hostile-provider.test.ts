/** A provider that dies, stalls, floods, lies, and sends garbage over a real connection: one end for each call, nobody else disturbed. */
import { once } from "node:events";

import { io, type Socket } from "socket.io-client";
import { afterAll, beforeAll, expect, test } from "vitest";

import { startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

let daemon: TestDaemon;
const sockets: Socket[] = [];
beforeAll(async () => {
  daemon = await startTestDaemon();
});
afterAll(async () => {
  for (const socket of sockets) socket.disconnect();
  await daemon[Symbol.asyncDispose]();
});

interface Invoked {
  id: string;
  method: string;
}

/** A provider that does with each call what the test says. */
async function connect(name: string, onInvoke: (socket: Socket, call: Invoked) => void): Promise<Socket> {
  const socket = io(`${daemon.url}/providers`, {
    transports: ["websocket"],
    auth: { key: daemon.key },
    forceNew: true,
    reconnection: false,
  });
  sockets.push(socket);
  await once(socket as unknown as NodeJS.EventEmitter, "connect");
  socket.on("invoke", (call: Invoked) => onInvoke(socket, call));
  const methods = [{ name: "work" }, { name: "flow", stream: true }];
  expect(await socket.emitWithAck("register", { proto: 1, name, instance: "i", epoch: 1, methods })).toMatchObject({ ok: true });
  return socket;
}

const invoke = (name: string, method = "work", more: { timeoutMs?: number } = {}) =>
  daemon.client.providers.invoke({ name, method, params: {}, ...more });

test("answers twice: the first counts", async () => {
  await connect("twice", (socket, { id }) => {
    socket.emit("result", { id, data: "first" });
    socket.emit("result", { id, data: "second" });
    socket.emit("fail", { id, error: { code: "INTERNAL", message: "third" } });
  });
  expect(await invoke("twice")).toMatchObject({ result: "first" });
  expect(await invoke("twice")).toMatchObject({ result: "first" });
  expect((await daemon.client.providers.get({ name: "twice" })).instances[0]?.malformed).toBeGreaterThanOrEqual(2);
});

test("stalls: the budget ends the call and it hears of it", async () => {
  const heard: unknown[] = [];
  const socket = await connect("stalled", () => undefined);
  socket.on("cancel", (message) => heard.push(message));
  await expect(invoke("stalled", "work", { timeoutMs: 100 })).rejects.toMatchObject({ code: "deadlineExceeded" });
  await until("the cancel", () => heard.length === 1);
});

test("dies in mid-stream: an error, never a silent end", async () => {
  await connect("dying", (socket, { id }) => {
    socket.emit("chunk", { id, seq: 0, data: "half" });
    socket.on("credit", () => undefined);
    setTimeout(() => socket.io.engine.close(), 20);
  });
  await expect(invoke("dying", "flow")).rejects.toMatchObject({ code: "aborted" });
});

test("floods beyond its credit: the call ends, the connection and the next call live", async () => {
  await connect("flooding", (socket, { id, method }) => {
    if (method === "work") socket.emit("result", { id, data: "still here" });
    else for (let seq = 0; seq < 5_000; seq += 1) socket.emit("chunk", { id, seq, data: "x".repeat(100) });
  });
  const stream = daemon.client.providers.invoke.stream({ name: "flooding", method: "flow", params: {} });
  const read = async () => {
    let chunks = 0;
    for await (const event of stream) if (event.type === "chunks") chunks += event.batch.length;
    return chunks;
  };
  // Read as fast as it goes, the flood may just pass or be cut off; held back, it is cut off. Either way there is one end.
  const outcome = await read().then(
    () => "ended",
    (error: { code: string }) => error.code,
  );
  expect(["ended", "resourceExhausted"]).toContain(outcome);
  expect(await invoke("flooding")).toMatchObject({ result: "still here" });
});

test("sends garbage by the thousand: counted, and neither the daemon nor a sibling notices", async () => {
  const { pid } = daemon;
  await connect("honest", (socket, { id }) => socket.emit("result", { id, data: "fine" }));
  const garbage: unknown[] = [
    undefined,
    null,
    0,
    "x",
    [],
    {},
    { id: 1 },
    { id: "call_unknown", seq: -1 },
    { id: {} },
    Buffer.from("binary"),
    { __proto__: { id: "x" } },
  ];
  const liar = await connect("garbage", () => undefined);
  const events = ["chunk", "result", "fail", "status", "drain ", "credit", "unknown", "invoke", "cancel"];
  for (let round = 0; round < 10; round += 1) {
    for (let index = round; index < 1_000; index += 1) {
      liar.emit(events[index % events.length] as string, garbage[index % garbage.length], garbage[(index * 7) % garbage.length]);
    }
    expect(await invoke("honest")).toMatchObject({ result: "fine" });
  }
  // Acknowledged in order, so everything before it has been handled.
  expect(await liar.emitWithAck("unregister", {})).toMatchObject({ ok: true });
  expect(await invoke("honest")).toMatchObject({ result: "fine" });
  expect(daemon.pid).toBe(pid);
  process.kill(pid, 0);
});

test("drowns the socket with one message over its size: only its own connection goes", async () => {
  const socket = await connect("drowning", (own, { id }) => own.emit("result", { id, data: "x".repeat(9 * 1024 * 1024) }));
  await expect(invoke("drowning")).rejects.toMatchObject({ code: "aborted" });
  await until("its connection to be closed", () => !socket.connected);
  expect(await invoke("honest")).toMatchObject({ result: "fine" });
});
