/** Calls that go on with items: over HTTP, the control socket, and the CLI; slowed by the provider, and never taken for whole when they are not. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { type ClientRequest, request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setImmediate as turn } from "node:timers/promises";

import { createClient, createTypedClient, type GantryClient, type TypedClient } from "@gantry/client";
import { connectControl, type ControlConnection } from "@gantry/client/node";
import { createProvider, defineMethod, type Provider } from "@gantry/client/provider";
import type { CallStreamEvent } from "@gantry/contract";
import { io } from "socket.io-client";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

let daemon: TestDaemon;
let connection: ControlConnection;
let provider: Provider;
let http: GantryClient;
let seen: { items: unknown[]; ended: string | undefined };
/** Lets the slow method take its next item. */
let open: PromiseWithResolvers<void>;

async function read(input: AsyncIterable<unknown>, take: (item: unknown) => boolean | Promise<boolean>): Promise<void> {
  try {
    for await (const item of input) {
      seen.items.push(item);
      if (!(await take(item))) return void (seen.ended = "left");
    }
    seen.ended = "end";
  } catch (error) {
    seen.ended = (error as Error).message;
    throw error;
  }
}

beforeAll(async () => {
  daemon = await startTestDaemon();
  http = createClient({ url: daemon.url, key: daemon.key });
  connection = await connectControl(daemon.paths.controlSocket);
  provider = createProvider({
    name: "tank",
    methods: {
      sum: defineMethod({
        async run(_params, { input }) {
          let sum = 0;
          await read(input, (item) => ((sum += item as number), true));
          return sum;
        },
      }),
      first: defineMethod({
        async run(_params, { input }) {
          await read(input, () => seen.items.length < 3);
          return seen.items;
        },
      }),
      slow: defineMethod({
        async run(_params, { input }) {
          await read(input, () => open.promise.then(() => true));
          return seen.items.length;
        },
      }),
      double: defineMethod({
        async *stream(_params, { input }) {
          for await (const item of input) yield (item as number) * 2;
          return "done";
        },
      }),
    },
  });
  await provider.connect({ url: daemon.url, key: daemon.key, instance: "1", handleSignals: false, onState: () => undefined });
});
afterAll(async () => {
  connection.close();
  http.close();
  await provider.close({ drainMs: 0 });
  await daemon[Symbol.asyncDispose]();
});
beforeEach(() => {
  seen = { items: [], ended: undefined };
  open = Promise.withResolvers();
});

const idle = () => until("the slots to be free", async () => (await http.providers.get({ name: "tank" })).inflight === 0);

describe.each(["HTTP", "the control socket"])("over %s", (over) => {
  const client = (): TypedClient => (over === "HTTP" ? http : createTypedClient(connection));
  const invoke = (method: string, input: AsyncIterable<unknown> | Iterable<unknown>, signal?: AbortSignal) =>
    client().providers.invoke({ name: "tank", method, params: {} }, { input, signal });

  test("items arrive in order and whole, from an iterable and from a generator", async () => {
    expect(
      await invoke(
        "sum",
        Array.from({ length: 5000 }, (_, index) => index),
      ),
    ).toMatchObject({ result: 12_497_500 });
    expect(seen.items.slice(0, 3)).toEqual([0, 1, 2]);
    seen.items = [];
    async function* count() {
      for (let index = 0; index < 300; index += 1) {
        if (index % 50 === 0) await turn();
        yield index;
      }
    }
    expect(await invoke("sum", count())).toMatchObject({ result: 44_850 });
    expect(await invoke("sum", [])).toMatchObject({ result: 0 });
    expect(seen.ended).toBe("end");
  });

  test("answers come while items are still sent", async () => {
    const answered: unknown[] = [];
    let heard = Promise.withResolvers<void>();
    async function* ask() {
      for (const item of [1, 2, 3]) {
        yield item;
        await heard.promise;
        heard = Promise.withResolvers();
      }
    }
    const stream = client().providers.invoke.stream({ name: "tank", method: "double", params: {} }, { input: ask() });
    let last: CallStreamEvent | undefined;
    for await (const event of stream) {
      last = event;
      if (event.type !== "chunks") continue;
      answered.push(...event.batch);
      heard.resolve();
    }
    expect(answered).toEqual([2, 4, 6]);
    expect(last).toMatchObject({ type: "end", result: "done" });
  });

  test("a provider that has heard enough ends the call, and the sender is told to stop", async () => {
    const told = Promise.withResolvers<void>();
    async function* endless() {
      try {
        for (let index = 0; ; index += 1) {
          yield index;
          await turn();
        }
      } finally {
        told.resolve();
      }
    }
    expect(await invoke("first", endless())).toMatchObject({ result: [0, 1, 2] });
    await told.promise;
    await idle();
    // The connection is good for the next call.
    expect(await invoke("sum", [1, 2])).toMatchObject({ result: 3 });
  });

  test("a cancel reaches the provider, and so does a source that fails", async () => {
    async function* two(then: () => Promise<void>) {
      yield 1;
      yield 2;
      await then();
    }
    const abort = new AbortController();
    const cancelled = invoke(
      "sum",
      two(() => new Promise(() => undefined)),
      abort.signal,
    );
    await until("the items", () => seen.items.length === 2);
    abort.abort();
    await expect(cancelled).rejects.toMatchObject({ code: "cancelled" });
    await until("the provider to hear of it", () => seen.ended !== undefined);
    expect(seen.ended).not.toBe("end");
    seen = { items: [], ended: undefined };
    const failed = invoke(
      "sum",
      two(() => until("the items", () => seen.items.length === 2).then(() => Promise.reject(new Error("no more tape")))),
    );
    await expect(failed).rejects.toThrow("no more tape");
    await until("the provider to hear of it", () => seen.ended !== undefined);
    expect(seen.ended).not.toBe("end");
    await idle();
  });

  test("a slow provider slows the sender, whatever the items weigh", async () => {
    let made = 0;
    const item = "x".repeat(10_000);
    function* items() {
      for (; made < 20_000; made += 1) yield item;
    }
    const abort = new AbortController();
    const before = residentMb(daemon.pid);
    const call = invoke("slow", items(), abort.signal);
    call.catch(() => undefined);
    await until("the first item", () => seen.items.length === 1);
    let last = -1;
    // Until nothing moves any more: the whole way is full.
    await until("the sender to stand still", () => made === last || ((last = made), false), Boolean, { intervalMs: 300 });
    // 200 MB would follow; on the way are the credit, and what the system's own buffers for connections hold.
    expect(made * item.length).toBeLessThan(20_000_000);
    expect(residentMb(daemon.pid) - before).toBeLessThan(60);
    abort.abort();
    await expect(call).rejects.toMatchObject({ code: "cancelled" });
    open.resolve();
    await idle();
  });

  test("a provider that dies ends the call at once, also while its input waits", async () => {
    const other = io(`${daemon.url}/providers`, { transports: ["websocket"], auth: { key: daemon.key }, forceNew: true });
    await other.emitWithAck("register", { proto: 1, name: "mortal", instance: "1", epoch: Date.now(), methods: [{ name: "hold" }] });
    const told = Promise.withResolvers<void>();
    async function* endless() {
      try {
        for (;;) yield "x".repeat(1000);
      } finally {
        told.resolve();
      }
    }
    const call = client().providers.invoke({ name: "mortal", method: "hold", params: {} }, { input: endless() });
    call.catch(() => undefined);
    await until("the call", async () => (await http.providers.get({ name: "mortal" })).inflight === 1);
    other.io.engine.close();
    await expect(call).rejects.toMatchObject({ code: "aborted", message: expect.stringContaining("may have executed") });
    other.disconnect();
    await told.promise;
  });
});

describe("a body of JSON lines", () => {
  interface Sent {
    body: ClientRequest;
    answer: Promise<{ status: number; text: string }>;
  }
  const send = (headers: Record<string, string> = {}, path = "/providers/tank/invoke"): Sent => {
    const body = request(`${daemon.url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${daemon.key}`, "content-type": "application/x-ndjson", ...headers },
    });
    const answer = once(body, "response").then(async ([response]) => ({ status: response.statusCode, text: await text(response) }));
    answer.catch(() => undefined);
    body.on("error", () => undefined);
    return { body, answer };
  };

  test("is the request and then its items, whatever the pieces it comes in", async () => {
    const { body, answer } = send();
    const whole = Buffer.from('{"method":"first"}\n"ä"\r\n\n{"b":[1]}\nnull');
    for (const byte of whole) {
      body.write(Buffer.from([byte]));
      await turn();
    }
    body.end();
    const { status, text } = await answer;
    expect([status, JSON.parse(text)]).toMatchObject([200, { provider: "tank", result: ["ä", { b: [1] }, null] }]);
  });

  test.each([
    ["no JSON", "3\n{oops\n", 400, "line 4 of the body: this is no JSON"],
    ["too long", `"${"x".repeat(4_200_000)}"\n`, 413, "line 3 of the body: this line is larger than the limit of 4194304 bytes"],
  ])("with a line that is %s tells its number, and the call is cancelled", async (_what, rest, expected, message) => {
    const { body, answer } = send();
    body.write('{"method":"sum"}\n1\n');
    await until("the first item", () => seen.items.length === 1);
    body.write(rest);
    const { status, text } = await answer;
    expect(status).toBe(expected);
    expect(text).toContain(message);
    await until("the provider to hear of it", () => seen.ended !== undefined);
    expect(seen.ended).not.toBe("end");
    body.destroy();
  });

  test("that breaks off is never taken for whole", async () => {
    const { body } = send();
    body.write('{"method":"sum"}\n1\n2\n');
    await until("the items", () => seen.items.length === 2);
    body.destroy();
    await until("the provider to hear of it", () => seen.ended !== undefined);
    expect(seen.ended).not.toBe("end");
  });

  test("is refused without its request, for what takes none, and without a key", async () => {
    const refused = async (sent: Sent, lines: string) => {
      sent.body.end(lines);
      const { status, text } = await sent.answer;
      return [status, (JSON.parse(text) as { detail: string }).detail] as const;
    };
    expect(await refused(send(), "")).toEqual([400, expect.stringContaining("its first line is the request")]);
    expect(await refused(send(), "[1]\n")).toEqual([400, expect.stringContaining("must be an object")]);
    expect(await refused(send(), '{"method":"sum","extra":1}\n')).toEqual([400, expect.stringContaining("extra")]);
    expect(await refused(send({ authorization: "Bearer wrong" }), '{"method":"sum"}\n')).toEqual([401, expect.any(String)]);
    expect(await refused(send({}, "/providers/tank/drain"), "{}\n")).toEqual([415, expect.stringContaining("application/json")]);
    expect(await refused(send({ "content-type": "application/x-ndjson; charset=latin1" }), "{}\n")).toEqual([415, expect.any(String)]);
    expect(await refused(send({ "content-type": "application/json" }), '{"method":"sum","input":"stream"}')).toEqual([
      400,
      expect.stringContaining("application/x-ndjson"),
    ]);
    expect(seen.items).toEqual([]);
    expect((await http.providers.get({ name: "tank" })).inflight).toBe(0);
  });

  test("ends with its key", async () => {
    const { key, id } = await http.access.createKey({ name: "short-lived", role: "relay" });
    const { body, answer } = send({ authorization: `Bearer ${key}` });
    body.write('{"method":"sum"}\n1\n');
    await until("the first item", () => seen.items.length === 1);
    await http.access.revokeKey({ id });
    await expect(answer).rejects.toThrow(/socket hang up|ECONNRESET/);
    await until("the provider to hear of it", () => seen.ended !== undefined);
    expect(seen.ended).not.toBe("end");
  });
});

describe("gantry providers invoke --input-stream", () => {
  const invoke = (method: string, ...more: string[]) => ["providers", "invoke", "tank", method, ...more];

  test("reads JSON lines from standard input and from a file", async () => {
    const lines = Array.from({ length: 2000 }, (_, index) => `${index}\n`).join("");
    expect(await daemon.cli(invoke("sum", "--input-stream", "-"), { stdin: lines })).toMatchObject({ stdout: "1999000\n", exitCode: 0 });
    await writeFile(join(daemon.folder, "items.jsonl"), "1\n2\n3");
    const streamed = await daemon.cli(invoke("double", "-i", "items.jsonl", "--stream"));
    expect(streamed).toMatchObject({ stdout: "2\n4\n6\n", exitCode: 0 });
  });

  test("names a wrong line and cancels; ends when the provider has heard enough", async () => {
    const wrong = await daemon.cli(invoke("sum", "--input-stream", "-"), { stdin: "1\n\n{oops\n" });
    expect(wrong).toMatchObject({ stdout: "", exitCode: 64, stderr: expect.stringContaining("standard input:3: this is no JSON") });
    await until("the provider to hear of it", () => seen.ended !== undefined);
    expect(seen.ended).not.toBe("end");
    const missing = await daemon.cli(invoke("sum", "--input-stream", "nowhere.jsonl"));
    expect(missing).toMatchObject({ exitCode: 64, stderr: expect.stringMatching(/nowhere\.jsonl cannot be read: ENOENT/) });
    const both = await daemon.cli(invoke("sum", "--args", "-", "--input-stream", "-"));
    expect(both).toMatchObject({ exitCode: 64, stderr: expect.stringContaining("cannot both read standard input") });

    seen = { items: [], ended: undefined };
    const early = daemon.spawnCli(invoke("first", "--input-stream", "-", "--json"));
    early.stdin?.write("1\n2\n3\n");
    // Its standard input stays open: it ends all the same.
    const [exitCode] = (await once(early, "exit")) as [number];
    expect(exitCode).toBe(0);
  });

  test("Ctrl-C cancels at the provider", async () => {
    const cli = daemon.spawnCli(invoke("sum", "--input-stream", "-"));
    cli.stdin?.write("1\n");
    await until("the item", () => seen.items.length === 1);
    cli.kill("SIGINT");
    const [exitCode] = (await once(cli, "exit")) as [number];
    expect(exitCode).toBe(130);
    await until("the provider to hear of it", () => seen.ended !== undefined);
    expect(seen.ended).not.toBe("end");
  });
});

function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}
