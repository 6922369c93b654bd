/** An OpenAI-compatible server as a provider, seen through OpenAI's own client: its models, answers, and every failure. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import OpenAI, { APIError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { type OpenAiUpstream, startOpenAiUpstream } from "../support/openai-upstream.ts";
import { until } from "../support/until.ts";

const secret = "sk-canary-4711";
let upstream: OpenAiUpstream;
let other: OpenAiUpstream;
let daemon: TestDaemon;
let openai: OpenAI;
let folder: string;

beforeAll(async () => {
  upstream = await startOpenAiUpstream();
  other = await startOpenAiUpstream();
  const closed = await startOpenAiUpstream();
  const gone = closed.url;
  await closed[Symbol.asyncDispose]();
  folder = await mkdtemp(join(tmpdir(), "gantry-key-"));
  await writeFile(join(folder, "key"), `${secret}\n`, { mode: 0o600 });
  daemon = await startTestDaemon({
    config: `
[provider.up]
type = "openai"
url = "${upstream.url}/"
apiKeyEnv = "UP_KEY"

[provider.fixed]
type = "openai"
url = "${other.url}"
apiKeyFile = "${join(folder, "key")}"
models = ["fixed-1"]
concurrency = 1

[provider.away]
type = "openai"
url = "${gone}"
`,
    env: { UP_KEY: secret },
  });
  await until("the upstreams", async () => (await daemon.client.providers.models()).items.length === 3);
  openai = new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: daemon.key, maxRetries: 0 });
});
afterAll(async () => {
  await daemon[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const ask = (content: string, model = "up-1") => ({ model, messages: [{ role: "user" as const, content }] });

async function failureOf(promise: Promise<unknown>): Promise<APIError> {
  const outcome = await promise.then(
    () => "it did not fail",
    (error: unknown) => error,
  );
  if (outcome instanceof APIError) return outcome;
  throw new Error(String(outcome));
}

async function read(content: string): Promise<{ text: string; error?: unknown }> {
  let text = "";
  try {
    for await (const chunk of await openai.chat.completions.create({ ...ask(content), stream: true }))
      text += chunk.choices[0]?.delta.content ?? "";
  } catch (error) {
    return { text, error };
  }
  return { text };
}

test("models are what the server lists, or what the configuration names, and follow a change", async () => {
  expect((await openai.models.list()).data.map(({ id, owned_by: owner }) => `${owner}: ${id}`).sort()).toEqual([
    "fixed: fixed-1",
    "up: up-1",
    "up: up/2",
  ]);
  upstream.models.push("up-3");
  expect(await daemon.client.providers.health({ name: "up" })).toMatchObject({ status: "ok", instances: [{ detail: "3 models" }] });
  expect((await openai.models.retrieve("up-3")).id).toBe("up-3");
});

describe("a chat", () => {
  test("in one piece is the server's own answer, with the key and every parameter passed on", async () => {
    const answer = await openai.chat.completions.create(Object.assign(ask("hi"), { seed: 3, odd: { a: 1 } }));
    expect(answer).toEqual({
      id: "chatcmpl-up",
      object: "chat.completion",
      created: 1,
      model: "up-1",
      system_fingerprint: "fp_1",
      choices: [{ index: 0, message: { role: "assistant", content: "you said hi" }, finish_reason: "stop" }],
      usage: expect.objectContaining({ total_tokens: 10, prompt_tokens_details: { cached_tokens: 2 } }),
    });
    expect(upstream.requests.at(-1)).toMatchObject({
      path: "/v1/chat/completions",
      key: secret,
      body: { model: "up-1", seed: 3, odd: { a: 1 } },
    });
  });

  test("as a stream keeps the server's chunks, and tells usage only when asked, though it always asks for it", async () => {
    expect(await read("hi")).toEqual({ text: "you said hi" });
    expect(upstream.requests.at(-1)?.body).toMatchObject({ stream_options: { include_usage: true } });
    const chunks = [];
    const asked = { ...ask("hi"), stream: true as const, stream_options: { include_usage: true } };
    for await (const chunk of await openai.chat.completions.create(asked)) chunks.push(chunk);
    expect(chunks[0]).toMatchObject({
      id: "chatcmpl-up",
      system_fingerprint: "fp_1",
      choices: [{ delta: { role: "assistant", content: "you " } }],
    });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 10, prompt_tokens_details: { cached_tokens: 2 } } });
    const { usage } = await daemon.client.providers.invoke({ name: "up", method: "chat", params: { ...ask("hi"), stream: true } });
    expect(usage).toEqual({ prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 });
  });

  test.each([
    [400, 400],
    [401, 401],
    [404, 404],
    [409, 409],
    [422, 422],
    [429, 429],
    [500, 500],
    [503, 503],
  ])("refused with %i keeps the status and the server's words, without the key", async (status, expected) => {
    for (const stream of [false, true]) {
      const error = await failureOf(openai.chat.completions.create({ ...ask(`status ${status}`), stream }));
      expect(error).toMatchObject({ status: expected, type: "upstream_type", code: "upstream_code" });
      expect(error.message).toContain("no, Bearer ***");
      expect(error.message).not.toContain(secret);
      expect(error.headers?.get("x-should-retry")).toBe(String(status === 429 || status >= 500));
      expect(error.headers?.get("retry-after")).toBe("7");
    }
  });

  test("never follows a redirect, so the key goes nowhere else", async () => {
    const before = other.requests.length;
    const error = await failureOf(openai.chat.completions.create(ask(`redirect ${other.url}/chat/completions`)));
    expect(error.message).toContain("redirect");
    expect(other.requests.length).toBe(before);
  });

  test("that is not JSON, breaks off, ends early, or fails in the middle is never a whole answer", async () => {
    expect((await failureOf(openai.chat.completions.create(ask("not json")))).status).toBe(500);
    expect(await read("break off")).toMatchObject({ text: "you ", error: { message: expect.stringContaining("broke off") } });
    expect(await read("end early")).toMatchObject({
      text: "you ",
      error: { message: expect.stringContaining("before the answer was whole") },
    });
    expect(await read("error chunk")).toMatchObject({
      text: "you ",
      error: { code: "hot", message: expect.stringContaining("overheated") },
    });
    expect(await read("garbage")).toMatchObject({ text: "you ", error: { message: expect.stringContaining("not JSON") } });
  });

  test("is cancelled at the server when its caller leaves, whatever it waits for", async () => {
    const before = upstream.closedEarly;
    const controller = new AbortController();
    const hanging = openai.chat.completions.create(ask("hang"), { signal: controller.signal });
    await until("the request", () => upstream.requests.some(({ body }) => JSON.stringify(body).includes("hang")));
    controller.abort();
    await expect(hanging).rejects.toThrow("abort");
    for await (const _chunk of await openai.chat.completions.create({ ...ask("stall"), stream: true })) break;
    await until("both to be closed", () => upstream.closedEarly === before + 2);
    await until("the slots to be free", async () => (await daemon.client.providers.get({ name: "up" })).inflight === 0);
    expect(upstream.closedEarly).toBe(before + 2);
  });

  test("that floods waits for a slow reader", async () => {
    const stream = await openai.chat.completions.create({ ...ask("flood"), stream: true }).asResponse();
    const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    let last = -1;
    await until("the server to be held up", async () => {
      const held = upstream.flooded === last;
      last = upstream.flooded;
      await daemon.client.providers.health({ name: "up" });
      return held;
    });
    // Kernel buffers on both ways and 256 KiB of credit, at 1 kB each.
    expect(upstream.flooded).toBeLessThan(20_000);
    await reader.cancel();
  });
});

test("a budget that is spent, a full provider, and a server that is away each say so", async () => {
  const controller = new AbortController();
  const invoke = (name: string, content: string, timeoutMs: number) =>
    daemon.client.providers.invoke({ name, method: "chat", params: ask(content, "fixed-1"), timeoutMs }, { signal: controller.signal });
  await expect(invoke("up", "hang", 50)).rejects.toMatchObject({ code: "deadlineExceeded" });
  const running = invoke("fixed", "hang", 60_000).catch((error: unknown) => error);
  await until("it to run", async () => (await daemon.client.providers.get({ name: "fixed" })).inflight === 1);
  await expect(invoke("fixed", "hi", 30)).rejects.toMatchObject({ code: "resourceExhausted" });
  await expect(invoke("away", "hi", 500)).rejects.toMatchObject({ code: "unavailable" });
  expect(await daemon.client.providers.get({ name: "away" })).toMatchObject({ lastReason: expect.stringContaining("cannot be reached") });
  controller.abort();
  await running;
});

test("the figures for Prometheus tell of providers and calls", async () => {
  const text = await daemon.client.instances.metrics();
  expect(text).toMatch(/^gantry_provider_calls_total\{provider="up",instance="1"\} [1-9]\d*$/m);
  expect(text).toMatch(/^gantry_provider_up\{provider="away"\} 0$/m);
  expect(text).toMatch(/^gantry_executions\{state="running"\} 0$/m);
  const answer = await fetch(`${daemon.url}/metrics`, { headers: { authorization: `Bearer ${daemon.key}` } });
  expect(answer.headers.get("content-type")).toContain("text/plain");
  expect((await fetch(`${daemon.url}/metrics`)).status).toBe(401);
});

test("embeddings come back as numbers and as the client's own floats", async () => {
  const { data, usage } = await openai.embeddings.create({ model: "up-1", input: ["a", "b"] });
  expect(data.map(({ embedding }) => Array.from(embedding))).toEqual([
    [0, 1],
    [1, 1],
  ]);
  expect(usage.total_tokens).toBe(10);
});

test("the key is in no log, status, or configuration that is shown", async () => {
  const shown = [
    await daemon.log(),
    JSON.stringify(await daemon.client.providers.get({ name: "up" })),
    JSON.stringify(await daemon.client.instances.config()),
  ];
  expect(shown.join("\n")).not.toContain(secret);
  expect(other.requests.every(({ key }) => key === secret || key === undefined)).toBe(true);
});
