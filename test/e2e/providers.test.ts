/** Providers against a real daemon: the examples in TypeScript and Python, their loss, balance, back-pressure, and refusals. */
import { once } from "node:events";
import { join } from "node:path";
import type { ChildProcess } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";

import { GantryError } from "@gantry/client";
import { createProvider, defineMethod, type Provider, type ProviderDefinition } from "@gantry/client/provider";
import type { CallStreamEvent } from "@gantry/contract";
import { io, type Socket } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";

import { repository, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { need, pythonSocketIo } from "../support/not-run.ts";
import { until } from "../support/until.ts";

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startTestDaemon();
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
});

const example = (file: string) => join(repository, "examples", file);

async function startCalculator(language: "ts" | "python", interpreter = process.execPath): Promise<ChildProcess> {
  const before = await instancesOf("calculator");
  const child = daemon.spawnProgram(interpreter, [example(`calculator-${language}/provider.${language === "ts" ? "ts" : "py"}`)], {
    env: language === "ts" ? {} : { GANTRY_URL: daemon.url, GANTRY_KEY: daemon.key },
  });
  await until("the calculator to register", async () => (await instancesOf("calculator")) > before);
  return child;
}

async function instancesOf(name: string): Promise<number> {
  const { items } = await daemon.client.providers.list({});
  return items.find((provider) => provider.name === name)?.instances ?? 0;
}

async function end(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  child.kill(signal);
  await once(child, "exit");
}

/** A provider inside this test, for what examples do not do. */
async function serve(definition: ProviderDefinition, instance = "test"): Promise<Provider> {
  const provider = createProvider(definition);
  await provider.connect({ url: daemon.url, key: daemon.key, instance, handleSignals: false, onState: () => undefined });
  return provider;
}

const codeOf = (error: unknown) => (error instanceof GantryError ? error.code : error);

describe.each(["ts", "python"] as const)("the calculator in %s", (language) => {
  test("adds, refuses, streams, and answers for its health through the CLI", async (context) => {
    const calculator = await startCalculator(language, language === "python" ? need(context, pythonSocketIo) : undefined);
    expect(await daemon.cli(["providers", "invoke", "calculator", "add", "--args", '{"a":5,"b":3}'])).toMatchObject({
      stdout: "8\n",
      exitCode: 0,
    });
    const streamed = await daemon.cli(["providers", "invoke", "calculator", "count", "--args", '{"to":200}', "--stream"]);
    expect(streamed.stdout.trim().split("\n").map(Number)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    const zero = await daemon.cli(["providers", "invoke", "calculator", "divide", "--args", '{"a":1,"b":0}']);
    expect(zero).toMatchObject({ exitCode: 64, stderr: expect.stringContaining("division by zero") });
    const health = await daemon.cli(["providers", "health", "calculator", "--json"]);
    expect(JSON.parse(health.stdout)).toMatchObject({ items: [{ name: "calculator", status: "ok" }] });
    await end(calculator);
    await until("it to be offline", async () => (await daemon.client.providers.get({ name: "calculator" })).state === "offline");
  });
});

test("the echo model streams tokens, reports usage, and is found by its name", async () => {
  const echo = daemon.spawnProgram(process.execPath, [example("echo-llm/provider.ts")]);
  await until("the model", async () => (await daemon.client.providers.models()).items.some(({ id }) => id === "echo-1"));
  const params = { messages: [{ role: "user", content: "one two three" }], delayMs: 0 };
  const events: CallStreamEvent[] = [];
  for await (const event of daemon.client.providers.invokeAny.stream({ model: "echo-1", params })) events.push(event);
  expect(events.flatMap((event) => (event.type === "chunks" ? event.batch : [])).join("")).toBe("one two three");
  expect(events[0]).toMatchObject({ type: "start", provider: "echo-llm" });
  expect(events.at(-1)).toMatchObject({ type: "end", result: { finishReason: "stop" }, usage: { inputTokens: 3, outputTokens: 3 } });
  expect(await daemon.client.providers.invokeAny({ capability: "chat", params })).toMatchObject({ chunks: ["one ", "two ", "three"] });
  await end(echo);
});

test("Ctrl-C in the CLI reaches the provider and exits 130", async () => {
  let reason: unknown;
  const provider = await serve({
    name: "endless",
    methods: {
      count: defineMethod({
        async *stream(_params, { signal }) {
          signal.addEventListener("abort", () => (reason = signal.reason));
          for (let index = 0; ; index += 1) {
            yield index;
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        },
      }),
    },
  });
  const cli = daemon.spawnCli(["providers", "invoke", "endless", "count", "--stream"]);
  await once(cli.stdout as NodeJS.ReadableStream, "data");
  cli.kill("SIGINT");
  const [exitCode] = (await once(cli, "exit")) as [number];
  expect(exitCode).toBe(130);
  await until("the provider to hear of it", () => reason !== undefined);
  await until("its slot to be free", async () => (await daemon.client.providers.get({ name: "endless" })).inflight === 0);
  await provider.close();
});

test("an instance killed in mid-stream ends its call with aborted while its sibling's goes on", async () => {
  const first = await startCalculator("ts");
  const second = await startCalculator("ts");
  const open = () => daemon.client.providers.invoke.stream({ name: "calculator", method: "count", params: { to: 300, delayMs: 5 } });
  const outcomes = [open(), open()].map(async (stream) => {
    const events: CallStreamEvent[] = [];
    try {
      for await (const event of stream) events.push(event);
      return { events, code: "ended" };
    } catch (error) {
      return { events, code: codeOf(error) };
    }
  });
  await until("a call in each", async () =>
    (await daemon.client.providers.get({ name: "calculator" })).instances.every(({ inflight }) => inflight === 1),
  );
  await end(first, "SIGKILL");
  const [one, other] = await Promise.all(outcomes);
  expect(new Set([one?.code, other?.code])).toEqual(new Set(["aborted", "ended"]));
  const survivor = [one, other].find((outcome) => outcome?.code === "ended");
  expect(survivor?.events.at(-1)).toMatchObject({ type: "end", result: 300 });
  await end(second);
});

test("two instances share the calls", async () => {
  const seen: Record<string, number> = { a: 0, b: 0 };
  const define = (instance: string): ProviderDefinition => ({
    name: "pair",
    methods: {
      hit: defineMethod({
        async run() {
          // As long in both: calls go by how quickly an instance answers, and of two idle ones that is chance.
          await delay(50);
          return (seen[instance] = (seen[instance] as number) + 1);
        },
      }),
    },
  });
  const providers = [await serve(define("a"), "a"), await serve(define("b"), "b")];
  await Promise.all(Array.from({ length: 40 }, () => daemon.client.providers.invoke({ name: "pair", method: "hit", params: {} })));
  expect(seen["a"]).toBeGreaterThan(10);
  expect(seen["b"]).toBeGreaterThan(10);
  await Promise.all(providers.map((provider) => provider.close()));
});

test("a slow reader slows the producer", async () => {
  let produced = 0;
  const provider = await serve({
    name: "fountain",
    methods: {
      flow: defineMethod({
        async *stream() {
          for (produced = 1; produced <= 100_000; produced += 1) yield "x".repeat(100);
        },
      }),
    },
  });
  const client = io(`${daemon.url}/cluster`, { transports: ["websocket"], auth: { key: daemon.key }, forceNew: true });
  await once(client as unknown as NodeJS.EventEmitter, "connect");
  let received = 0;
  client.on("chunk", ({ batch }: { batch: unknown[] }) => (received += batch.length));
  client.emit("invoke", { id: "one", provider: "fountain", method: "flow", params: {}, stream: true, credit: 100 });
  await until("what was asked for to come", () => received === 100);
  const before = produced;
  // A round trip through the same connection: time for the producer to run on if it could.
  for (let round = 0; round < 20; round += 1) await daemon.client.providers.health({ name: "fountain" });
  expect(received).toBe(100);
  expect(produced).toBe(before);
  expect(produced).toBeLessThan(500);
  client.emit("credit", { id: "one", n: 1000 });
  await until("the rest of the credit to be used", () => received === 1100);
  client.disconnect();
  await until("the call to be cancelled", async () => (await daemon.client.providers.get({ name: "fountain" })).inflight === 0);
  await provider.close();
});

test("an input stream goes to the method as fast as it reads, and a status tells of the load", async () => {
  let release: (() => void) | undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const provider = await serve({
    name: "adder",
    methods: {
      sum: defineMethod({
        async run(_params, { input }) {
          await gate;
          let sum = 0;
          for await (const value of input) sum += value as number;
          return sum;
        },
      }),
    },
  });
  const client = io(`${daemon.url}/cluster`, { transports: ["websocket"], auth: { key: daemon.key }, forceNew: true });
  await once(client as unknown as NodeJS.EventEmitter, "connect");
  let allowed = 64;
  client.on("credit", ({ n }: { n: number }) => (allowed += n));
  const answer = client.emitWithAck("invoke", { id: "sum", provider: "adder", method: "sum", params: {}, input: "stream" });
  for (let seq = 0; seq < 64; seq += 1) client.emit("chunk", { id: "sum", seq, data: 1 });
  await until("the call", async () => (await daemon.client.providers.get({ name: "adder" })).inflight === 1);
  expect(allowed).toBe(64);
  release?.();
  for (let seq = 64; seq < 500; seq += 1) {
    await until("credit", () => allowed > seq);
    client.emit("chunk", { id: "sum", seq, data: 1 });
  }
  client.emit("end", { id: "sum" });
  expect(await answer).toMatchObject({ ok: true, result: 500 });
  provider.setStatus({ state: "degraded", detail: "hot", queue: 3 });
  await until("the status", async () => (await daemon.client.providers.get({ name: "adder" })).instances[0]?.queued === 3);
  client.disconnect();
  await provider.close();
});

test("what is too large is refused with the limit named, and the connection stays", async () => {
  const provider = await serve({
    name: "big",
    methods: {
      take: defineMethod({ run: () => "taken" }),
      give: defineMethod({ input: z.object({ bytes: z.int() }), run: ({ bytes }) => "x".repeat(bytes) }),
    },
  });
  const limit = 4 * 1024 * 1024;
  const sent = daemon.client.providers.invoke({ name: "big", method: "take", params: { text: "x".repeat(limit) } });
  await expect(sent).rejects.toMatchObject({ code: "payloadTooLarge", message: expect.stringContaining(String(limit)) });
  const given = daemon.client.providers.invoke({ name: "big", method: "give", params: { bytes: limit } });
  await expect(given).rejects.toMatchObject({ code: "resourceExhausted", message: expect.stringContaining(String(limit)) });
  expect(await daemon.client.providers.invoke({ name: "big", method: "take", params: {} })).toMatchObject({ result: "taken", attempt: 1 });
  expect(await instancesOf("big")).toBe(1);
  await provider.close();
});

test("a drained provider finishes what it has, takes nothing new, and leaves", async () => {
  let finish: (() => void) | undefined;
  const provider = await serve({
    name: "leaving",
    methods: { work: defineMethod({ run: () => new Promise<string>((resolve) => (finish = () => resolve("finished"))) }) },
  });
  const call = () => daemon.client.providers.invoke({ name: "leaving", method: "work", params: {} });
  const inProgress = call();
  await until("the call to arrive", () => finish !== undefined);
  expect(await daemon.client.providers.drain({ name: "leaving" })).toEqual({ name: "leaving", instances: ["test"], inflight: 1 });
  await expect(call()).rejects.toMatchObject({ code: "unavailable" });
  finish?.();
  expect(await inProgress).toMatchObject({ result: "finished" });
  await provider.stopped;
  await until("it to be offline", async () => (await daemon.client.providers.get({ name: "leaving" })).state === "offline");
});

test("unknown names list near ones, and wrong parameters name the path and the rule", async () => {
  const provider = await serve({ name: "near", methods: { add: defineMethod({ input: z.object({ a: z.number() }), run: ({ a }) => a }) } });
  const call = (name: string, method: string, params: unknown) => daemon.client.providers.invoke({ name, method, params });
  await expect(call("neat", "add", {})).rejects.toMatchObject({ code: "notFound", message: expect.stringContaining("near") });
  await expect(call("near", "ad", {})).rejects.toMatchObject({ code: "notFound", message: expect.stringContaining("add") });
  await expect(call("near", "add", { a: "x" })).rejects.toMatchObject({
    code: "invalidArgument",
    message: expect.stringContaining("params/a must be number (rule type)"),
  });
  await provider.close();
});

test("a key of role provider registers only its names and calls nothing", async () => {
  const { key } = await daemon.client.access.createKey({ name: "only-mine", role: "provider", providerNames: ["mine"] });
  const connect = (name: string) =>
    createProvider({ name, methods: {} }).connect({ url: daemon.url, key, instance: "i", handleSignals: false, onState: () => undefined });
  await expect(connect("yours")).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  const socket: Socket = io(`${daemon.url}/providers`, { transports: ["websocket"], auth: { key }, forceNew: true });
  await once(socket as unknown as NodeJS.EventEmitter, "connect");
  expect(await socket.emitWithAck("invoke", { provider: "mine", method: "x", params: {} })).toMatchObject({
    ok: false,
    error: { code: "permissionDenied" },
  });
  socket.disconnect();
});

test("a provider comes back by itself after the daemon was killed, and after it was restarted", async () => {
  const flags: string[] = [];
  await using own = await startTestDaemon({ flags });
  // The same address again, as with a configured port.
  flags.push("--port", String(own.port));
  const provider = createProvider({ name: "faithful", methods: { ping: defineMethod({ run: () => "pong" }) } });
  await provider.connect({ url: own.url, key: own.key, instance: "one", handleSignals: false, onState: () => undefined });
  await own.kill9();
  await own.restart();
  const call = () => own.client.providers.invoke({ name: "faithful", method: "ping", params: {} });
  expect(await until("it to register again", call)).toMatchObject({ result: "pong" });
  await own.restart();
  expect(await until("it to register again", call)).toMatchObject({ result: "pong" });
  await provider.close({ drainMs: 0 });
});

test("a provider of the local instance follows it to another port, and only the newer of two with one name stays", async () => {
  await using own = await startTestDaemon();
  const first = own.spawnProgram(process.execPath, [example("calculator-ts/provider.ts")]);
  const add = async () => (await own.client.providers.invoke({ name: "calculator", method: "add", params: { a: 1, b: 2 } })).result;
  expect(await until("it to register", add)).toBe(3);
  await own.kill9();
  await own.restart();
  expect(await until("it to register again", add)).toBe(3);
  await end(first);

  const join = async () => {
    const provider = createProvider({ name: "twin", methods: {} });
    await provider.connect({ url: own.url, key: own.key, instance: "same", handleSignals: false, onState: () => undefined });
    return provider;
  };
  const older = await join();
  const newer = await join();
  await older.stopped;
  expect((await own.client.providers.get({ name: "twin" })).instances).toHaveLength(1);
  await newer.close();
});
