/** A provider and a client written to the events of the older provider manager, side by side with today's. */
import { once } from "node:events";

import { createProvider, defineMethod } from "@gantry/client/provider";
import { io, type Socket } from "socket.io-client";
import { afterAll, beforeAll, expect, test } from "vitest";

import { startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

let daemon: TestDaemon;
let manager: Socket;
let client: Socket;
let registered: unknown;
const cancelled: unknown[] = [];

async function connect(namespace: string, key = daemon.key): Promise<Socket> {
  const socket = io(`${daemon.url}${namespace}`, { transports: ["websocket"], auth: { key }, forceNew: true, reconnection: false });
  await once(socket as unknown as NodeJS.EventEmitter, "connect");
  return socket;
}

interface OlderCall {
  request_id: string;
  tool: string;
  arguments: { text?: string; messages?: { content: string }[] };
}

/** As such a manager was written: acknowledgements for calls, events for streams, no credit. */
function serve(socket: Socket): void {
  socket.on("provider:invoke", ({ tool, arguments: given }: OlderCall, answer: (result: unknown) => void) => {
    if (tool === "shout") answer({ success: true, result: given.text?.toUpperCase() });
    else if (tool === "chat")
      answer({ success: true, result: { content: `old says ${given.messages?.at(-1)?.content}` }, usage: { tokens: 2 } });
    else answer({ success: false, error: `cannot ${tool}` });
  });
  socket.on("provider:stream", ({ request_id: id, arguments: given }: OlderCall) => {
    const words = given.messages?.at(-1)?.content ?? "";
    if (words === "forever") return;
    if (words === "break") {
      socket.emit("stream:data", { request_id: id, data: "half" }).emit("stream:error", { request_id: id, error: "broke" });
      return;
    }
    // More than any credit allows, at once.
    for (let index = 0; index < 1_000; index += 1) socket.emit("stream:data", { request_id: id, data: `${index} ` });
    socket.emit("stream:end", { request_id: id, result: { done: true } });
  });
  socket.on("stream:cancel", (message) => cancelled.push(message));
}

beforeAll(async () => {
  daemon = await startTestDaemon();
  manager = await connect("/providers");
  serve(manager);
  const tools = [
    { name: "shout", description: "Makes it loud", inputSchema: { type: "object", properties: { text: { type: "string" } } } },
    "sulk",
  ];
  registered = await manager.emitWithAck("provider:register", {
    provider_id: "old house",
    type: "llm",
    models: ["m-old", { id: "m-both" }],
    tools,
  });
  const { key } = await daemon.client.access.createKey({ name: "older client", role: "relay" });
  client = await connect("/cluster", key);
});
afterAll(async () => {
  manager.disconnect();
  client.disconnect();
  await daemon[Symbol.asyncDispose]();
});

const chat = (model: string, content: string) =>
  daemon.client.providers.invokeAny({ model, params: { messages: [{ role: "user", content }] } });

test("its models and tools appear to everybody, and are called like any other", async () => {
  expect(registered).toMatchObject({ success: true, provider_id: "old-house" });
  expect((await daemon.client.providers.models()).items.map(({ id }) => id).sort()).toEqual(["m-both", "m-old"]);
  expect(await daemon.client.providers.get({ name: "old-house" })).toMatchObject({
    methods: [{ name: "chat" }, { name: "shout" }, { name: "sulk" }],
  });
  const shout = await daemon.cli(["providers", "invoke", "old-house", "shout", "--args", '{"text":"hi"}']);
  expect(shout).toMatchObject({ stdout: "HI\n", exitCode: 0 });
  await expect(daemon.client.providers.invoke({ name: "old-house", method: "sulk", params: {} })).rejects.toMatchObject({
    message: expect.stringContaining("cannot sulk"),
  });
  const wrong = daemon.client.providers.invoke({ name: "old-house", method: "shout", params: { text: 5 } });
  await expect(wrong).rejects.toMatchObject({ code: "invalidArgument" });
  expect(await chat("m-old", "x")).toMatchObject({ result: { content: "old says x" }, usage: { tokens: 2 } });
});

test("its streams come whole however slow the reader, break as errors, and are cancelled", async () => {
  const params = (content: string) => ({ stream: true, messages: [{ role: "user", content }] });
  const whole = await daemon.client.providers.invokeAny({ model: "m-old", params: params("count") });
  expect(whole.chunks).toHaveLength(1_000);
  expect(whole).toMatchObject({ result: { done: true } });
  await expect(daemon.client.providers.invokeAny({ model: "m-old", params: params("break") })).rejects.toMatchObject({
    message: expect.stringContaining("broke"),
  });
  const timeout = daemon.client.providers.invokeAny({ model: "m-old", params: params("forever"), timeoutMs: 50 });
  await expect(timeout).rejects.toMatchObject({ code: "deadlineExceeded" });
  expect(await until("the cancel", () => cancelled.at(-1))).toMatchObject({ reason: "deadline" });
});

test("a heartbeat and an update are heard", async () => {
  expect(await manager.emitWithAck("provider:heartbeat", { provider_id: "old house", status: "overloaded" })).toEqual({ success: true });
  expect(await daemon.client.providers.get({ name: "old-house" })).toMatchObject({ state: "degraded" });
  await manager.emitWithAck("provider:heartbeat", { status: "healthy" });
  expect(await daemon.client.providers.health({ name: "old-house" })).toMatchObject({
    status: "ok",
    instances: [{ detail: expect.stringContaining("older protocol") }],
  });
  expect(await manager.emitWithAck("provider:update", { models: ["m-old", "m-both", "m-new"] })).toMatchObject({ success: true });
  const { models, methods } = await daemon.client.providers.get({ name: "old-house" });
  expect([models.length, methods.length]).toEqual([3, 3]);
});

test("today's provider goes before it where both offer a model, and it stands in when that one leaves", async () => {
  const provider = createProvider({ name: "new-house", models: [{ id: "m-both" }], methods: { chat: defineMethod({ run: () => "new" }) } });
  await provider.connect({ url: daemon.url, key: daemon.key, instance: "one", handleSignals: false, onState: () => undefined });
  for (let call = 0; call < 10; call += 1) expect(await chat("m-both", "x")).toMatchObject({ provider: "new-house" });
  await provider.close();
  expect(await chat("m-both", "x")).toMatchObject({ provider: "old-house" });
});

test("an older client lists, calls, streams, and cancels, also with today's providers", async () => {
  const provider = createProvider({
    name: "today",
    models: [{ id: "m-today" }],
    capabilities: ["greeting"],
    methods: {
      greet: defineMethod({ run: (params: unknown) => `hello ${(params as { name: string }).name}` }),
      chat: defineMethod({
        async *stream(_params, { signal }) {
          yield "one";
          yield "two";
          if (JSON.stringify(_params).includes("wait")) {
            await new Promise((_resolve, reject) =>
              signal.addEventListener("abort", () => (cancelled.push(signal.reason), reject(signal.reason as Error))),
            );
          }
          return { finishReason: "stop" };
        },
      }),
    },
  });
  await provider.connect({ url: daemon.url, key: daemon.key, instance: "one", handleSignals: false, onState: () => undefined });
  expect(await client.emitWithAck("provider:list_all")).toMatchObject({
    success: true,
    providers: expect.arrayContaining([expect.objectContaining({ provider_id: "today" })]),
  });
  const { models } = (await client.emitWithAck("provider:list_models", {})) as { models: { id: string }[] };
  expect(models.map(({ id }) => id)).toEqual(expect.arrayContaining(["m-old", "m-today"]));
  expect(await client.emitWithAck("provider:list_tools", {})).toMatchObject({
    tools: expect.arrayContaining([{ name: "greet", provider: "today", provider_id: "today" }]),
  });
  expect(await client.emitWithAck("provider:capabilities", { provider_id: "today" })).toEqual({
    success: true,
    capabilities: ["greeting"],
  });

  expect(await client.emitWithAck("provider:invoke", { provider_id: "today", method: "greet", params: { name: "Ada" } })).toMatchObject({
    success: true,
    result: "hello Ada",
  });
  expect(await client.emitWithAck("provider:invoke", { tool: "shout", arguments: { text: "a" } })).toMatchObject({
    success: true,
    result: "A",
  });
  expect(await client.emitWithAck("provider:invoke", { tool: "nothing" })).toMatchObject({ success: false, code: "notFound" });

  const heard: unknown[] = [];
  for (const event of ["stream:data", "stream:end", "stream:error"])
    client.on(event, (message: { data?: unknown }) => heard.push([event, message.data]));
  await client.emitWithAck("provider:stream", { stream_id: "s1", model: "m-today", params: { messages: [] } });
  await until("the end", () => heard.length === 3);
  expect(heard).toEqual([
    ["stream:data", "one"],
    ["stream:data", "two"],
    ["stream:end", undefined],
  ]);
  const before = cancelled.length;
  client.emit("provider:stream", { stream_id: "s2", model: "m-today", params: { messages: ["wait"] } });
  await until("it to begin", () => heard.length === 5);
  client.emit("stream:cancel", { stream_id: "s2" });
  await until("the cancel", () => cancelled.length > before);
  expect(await until("its end", () => heard[5])).toEqual(["stream:error", undefined]);
  await provider.close();
});

test("its calls end when it goes, and a key without the right lists and calls nothing", async () => {
  const other = await connect("/providers");
  expect(await other.emitWithAck("provider:register", { id: "brief", models: ["m-brief"] })).toMatchObject({ success: true });
  const call = chat("m-brief", "x");
  await until("the call", async () => (await daemon.client.providers.get({ name: "brief" })).inflight === 1);
  other.disconnect();
  await expect(call).rejects.toMatchObject({ code: "aborted" });
  const { key } = await daemon.client.access.createKey({ name: "viewer", role: "viewer" });
  const viewer = await connect("/cluster", key);
  expect(await viewer.emitWithAck("provider:invoke", { tool: "shout", arguments: {} })).toMatchObject({
    success: false,
    code: "permissionDenied",
  });
  viewer.disconnect();
});
