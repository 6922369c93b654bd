/** The OpenAI API with OpenAI's own client against a real daemon, over providers that dial in. */
import { createProvider, defineMethod, type Provider, ProviderError } from "@gantry/client/provider";
import OpenAI, { APIError } from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

let daemon: TestDaemon;
let provider: Provider;
let openai: OpenAI;
/** The params of the last call, and why the last was aborted. */
let seen: Record<string, unknown> = {};
let aborted: unknown;

const pause = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      aborted = signal.reason;
      reject(signal.reason as Error);
    });
  });

/** What the model does is said by the last message. */
const chat = defineMethod({
  async *stream(params: unknown, { signal, reportUsage }) {
    seen = params as Record<string, unknown>;
    const { messages } = params as { messages: { content: string }[] };
    const prompt = messages.at(-1)?.content ?? "";
    reportUsage({ inputTokens: 5, outputTokens: 2 });
    switch (prompt) {
      case "tools":
        yield { tool_calls: [{ id: "a", index: 0, function: { name: "add", arguments: "" } }] };
        yield { tool_calls: [{ index: 0, function: { arguments: '{"a":1}' } }] };
        yield { tool_calls: [{ id: "b", index: 0, function: { name: "sub", arguments: "{}" } }] };
        return { finishReason: "tool_calls" };
      case "refuse":
        throw new ProviderError("RESOURCE_EXHAUSTED", "slow down", { retryable: true, retryAfterMs: 1500 });
      case "upstream refuses":
        throw new ProviderError("INVALID_ARGUMENT", "too long", {
          details: { error: { type: "invalid_request_error", param: "messages", code: "context_length_exceeded" } },
        });
      case "break":
        yield "half";
        throw new ProviderError("INTERNAL", "lost my mind");
      case "hang":
        yield "begun";
        await pause(60_000, signal);
        return {};
      case "silent":
        await pause(60_000, signal);
        return {};
      default:
        yield "Hello ";
        yield prompt;
        return { finishReason: "stop" };
    }
  },
});

const embed = defineMethod({
  run: (params: unknown) => ({
    embeddings: ([] as unknown[]).concat((params as { input: unknown }).input).map((_text, index) => [index, 0.5, -1]),
  }),
});

beforeAll(async () => {
  daemon = await startTestDaemon();
  provider = createProvider({ name: "house", models: [{ id: "house/model-1", contextTokens: 4096 }], methods: { chat, embed } });
  await provider.connect({ url: daemon.url, key: daemon.key, instance: "one", handleSignals: false, onState: () => undefined });
  const { key } = await daemon.client.access.createKey({ name: "openai", role: "relay" });
  openai = new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: key, maxRetries: 0 });
});
afterAll(async () => {
  await provider.close();
  await daemon[Symbol.asyncDispose]();
});

const model = "house/model-1";
const ask = (content: string) => ({ model, messages: [{ role: "user" as const, content }] });
const slots = async () => (await daemon.client.providers.get({ name: "house" })).inflight;

async function failureOf(promise: Promise<unknown>): Promise<APIError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof APIError) return error;
    throw error;
  }
  throw new Error("it should have failed");
}

test("models are listed and found by ids with slashes", async () => {
  const { data } = await openai.models.list();
  expect(data).toMatchObject([{ id: model, object: "model", owned_by: "house" }]);
  expect(await openai.models.retrieve(model)).toMatchObject({ id: model, context_window: 4096 });
  expect(await failureOf(openai.models.retrieve("nothing"))).toMatchObject({ status: 404, code: "model_not_found" });
});

describe("chat completions", () => {
  test("answer in one piece with usage, a request id, and who answered", async () => {
    const { data, response } = await openai.chat.completions
      .create(Object.assign(ask("you"), { temperature: 0.2, house_rule: [1] }))
      .withResponse();
    expect(data).toMatchObject({
      object: "chat.completion",
      model,
      choices: [{ index: 0, message: { role: "assistant", content: "Hello you" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
    });
    expect(response.headers.get("x-request-id")).toMatch(/^req_/);
    expect(response.headers.get("x-gantry-provider")).toBe("house/one");
    expect(seen).toMatchObject({ model, temperature: 0.2, house_rule: [1] });
  });

  test("stream with the role first, usage when asked, and a proper end", async () => {
    const chunks = [];
    for await (const chunk of await openai.chat.completions.create({
      ...ask("you"),
      stream: true,
      stream_options: { include_usage: true },
    }))
      chunks.push(chunk);
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: "assistant", content: "Hello " });
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe("Hello you");
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe("stop");
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 5, completion_tokens: 2 } });
    const raw = await openai.chat.completions.create({ ...ask("you"), stream: true }).asResponse();
    const text = await raw.text();
    expect(text).toMatch(/^data: \{/);
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(text).not.toContain("usage");
  });

  test("tool calls reach the client's own accumulator apart", async () => {
    const stream = openai.chat.completions.stream(ask("tools"));
    const { choices } = await stream.finalChatCompletion();
    expect(choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: {
        tool_calls: [
          { id: "a", function: { name: "add", arguments: '{"a":1}' } },
          { id: "b", function: { name: "sub", arguments: "{}" } },
        ],
      },
    });
    const whole = await openai.chat.completions.create(ask("tools"));
    expect(whole.choices[0]?.message.tool_calls).toMatchObject([
      { id: "a", type: "function" },
      { id: "b", type: "function" },
    ]);
  });

  test.each([false, true])("fail with the true status, streaming %s, as long as nothing was sent", async (stream) => {
    const refused = await failureOf(openai.chat.completions.create({ ...ask("refuse"), stream }));
    expect(refused).toMatchObject({ status: 429, type: "rate_limit_error", code: "rate_limit_exceeded" });
    expect(refused.headers?.get("x-should-retry")).toBe("true");
    expect(refused.headers?.get("retry-after-ms")).toBe("1500");
    expect(refused.requestID).toMatch(/^req_/);
    const upstream = await failureOf(openai.chat.completions.create({ ...ask("upstream refuses"), stream }));
    expect(upstream).toMatchObject({ status: 400, code: "context_length_exceeded", param: "messages" });
    expect(upstream.headers?.get("x-should-retry")).toBe("false");
    const unknown = await failureOf(openai.chat.completions.create({ ...ask("x"), model: "house/model-2", stream }));
    expect(unknown).toMatchObject({ status: 404, code: "model_not_found", message: expect.stringContaining(model) });
  });

  test("that break in the middle end with an error chunk, never as if whole", async () => {
    const stream = await openai.chat.completions.create({ ...ask("break"), stream: true });
    let text = "";
    const read = async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    };
    expect(await failureOf(read())).toMatchObject({ message: expect.stringContaining("lost my mind"), type: "server_error" });
    expect(text).toBe("half");
  });

  test("are cancelled at the provider when the stream is closed", async () => {
    aborted = undefined;
    const stream = await openai.chat.completions.create({ ...ask("hang"), stream: true });
    for await (const _chunk of stream) break;
    expect(await until("the provider to hear of it", () => aborted)).toMatchObject({ code: "CANCELLED" });
    await until("its slot to be free", async () => (await slots()) === 0);
  });

  test("are cancelled at the provider when a request without a stream is closed", async () => {
    aborted = undefined;
    const controller = new AbortController();
    const call = openai.chat.completions.create(ask("silent"), { signal: controller.signal });
    await until("the call to arrive", async () => (await slots()) === 1);
    controller.abort();
    await expect(call).rejects.toThrow("abort");
    expect(await until("the provider to hear of it", () => aborted)).toMatchObject({ code: "CANCELLED" });
    await until("its slot to be free", async () => (await slots()) === 0);
  });
});

describe("responses", () => {
  test("answer in one piece", async () => {
    const response = await openai.responses.create({ model, input: "you", instructions: "be kind" });
    expect(response).toMatchObject({
      object: "response",
      status: "completed",
      output_text: "Hello you",
      usage: { input_tokens: 5, output_tokens: 2 },
    });
    expect(seen["messages"]).toEqual([
      { role: "system", content: "be kind" },
      { role: "user", content: "you" },
    ]);
  });

  test("stream the events that the client's accumulator expects", async () => {
    const stream = openai.responses.stream({ model, input: "you" });
    const types: string[] = [];
    for await (const event of stream) types.push(event.type);
    expect(types).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    expect(await stream.finalResponse()).toMatchObject({ output_text: "Hello you", output: [{ type: "message" }] });
  });

  test("carry tool calls and refuse what they cannot carry", async () => {
    const final = await openai.responses.stream({ model, input: "tools" }).finalResponse();
    expect(final.output).toMatchObject([
      { type: "function_call", call_id: "a", name: "add", arguments: '{"a":1}' },
      { type: "function_call", call_id: "b", name: "sub", arguments: "{}" },
    ]);
    expect(await failureOf(openai.responses.create({ model, input: "x", previous_response_id: "resp_1" }))).toMatchObject({
      status: 400,
      param: "previous_response_id",
    });
    const broken = await openai.responses.create({ model, input: "break", stream: true });
    const types: string[] = [];
    const read = async () => {
      for await (const event of broken) types.push(event.type);
    };
    await read().catch(() => undefined);
    expect(types).toContain("response.failed");
    expect(types).not.toContain("response.completed");
  });
});

test("embeddings come as the client decodes them, and as numbers", async () => {
  const one = await openai.embeddings.create({ model, input: ["a", "b"] });
  expect(one.data.map(({ embedding }) => Array.from(embedding))).toEqual([
    [0, 0.5, -1],
    [1, 0.5, -1],
  ]);
  const plain = await openai.embeddings.create({ model, input: "a", encoding_format: "float" });
  expect(plain.data[0]?.embedding).toEqual([0, 0.5, -1]);
});

test("who may not call, sends nonsense, or looks elsewhere is told in OpenAI's form", async () => {
  const viewer = await daemon.client.access.createKey({ name: "viewer", role: "viewer" });
  const as = (apiKey: string) => new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey, maxRetries: 0 });
  expect(await failureOf(as("wrong").chat.completions.create(ask("x")))).toMatchObject({ status: 401, code: "invalid_api_key" });
  expect(await failureOf(as(viewer.key).chat.completions.create(ask("x")))).toMatchObject({ status: 403, type: "permission_error" });
  expect((await as(viewer.key).models.list()).data).toHaveLength(1);
  expect(await failureOf(openai.chat.completions.create({ model, messages: [] }))).toMatchObject({ status: 400, param: "messages" });
  expect(await failureOf(openai.chat.completions.create({ ...ask("x"), model: "" }))).toMatchObject({ status: 400, param: "model" });
  expect(await failureOf(openai.embeddings.create({ model, input: [] }))).toMatchObject({ status: 400, param: "input" });
  expect(await failureOf(openai.files.list() as unknown as Promise<unknown>)).toMatchObject({ status: 404 });
  for (const path of ["models", "models/x", "chat/completions", "responses", "embeddings", "nothing"]) {
    for (const method of ["GET", "POST", "PUT", "DELETE"]) {
      const without = await fetch(`${daemon.url}/v1/${path}`, { method, headers: { "content-type": "application/json" } });
      expect([path, method, without.status]).toEqual([path, method, 401]);
    }
  }
  const garbage = await fetch(`${daemon.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${daemon.key}`, "content-type": "application/json" },
    body: "{",
  });
  expect([garbage.status, await garbage.json()]).toMatchObject([400, { error: { type: "invalid_request_error" } }]);
});
