/** What providers send, in its many forms, and the chunks and completions that come of it. */
import { describe, expect, test } from "vitest";

import { createChatChunks } from "./chat-chunks.ts";
import { createCompletion } from "./completion.ts";

const head = { id: "chatcmpl-1", created: 1, model: "m" };

function stream(items: unknown[], result: unknown = null, includeUsage = false, usage?: Record<string, number>) {
  const chunks = createChatChunks(head, includeUsage);
  return [...items.map((item) => chunks.next(item)), ...chunks.finish(result, usage)].filter((chunk) => chunk !== undefined);
}

function complete(items: unknown[], result: unknown = null, usage?: Record<string, number>) {
  const chunks = createChatChunks(head, false);
  const completion = createCompletion(head, chunks);
  for (const item of items) {
    const chunk = chunks.next(item);
    if (chunk) completion.add(chunk);
  }
  return completion.finish(result, usage) as { choices: { message: Record<string, unknown>; finish_reason: string }[]; usage?: unknown };
}

const deltas = (chunks: ReturnType<typeof stream>) => chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta));

describe("a stream", () => {
  test("of texts gets the role first and one finish reason last", () => {
    const chunks = stream(["one ", "two"], { finishReason: "length" });
    expect(deltas(chunks)).toEqual([{ role: "assistant", content: "one " }, { content: "two" }, {}]);
    expect(chunks.map(({ choices }) => choices[0]?.finish_reason)).toEqual([null, null, "length"]);
    expect(chunks.every((chunk) => !("usage" in chunk))).toBe(true);
  });

  test("tells usage only when asked, in a last chunk without choices", () => {
    const chunks = stream(["x"], null, true, { inputTokens: 3, outputTokens: 4 });
    expect(chunks.map(({ usage }) => usage)).toEqual([null, null, { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 }]);
    expect(chunks.at(-1)?.choices).toEqual([]);
  });

  test("of a server's own chunks keeps what it knows and what we do not", () => {
    const own = { id: "up-1", object: "x", created: 9, model: "up", system_fingerprint: "fp", usage: { prompt_tokens: 1 } };
    const chunks = stream([
      { ...own, choices: [{ index: 1, delta: { content: "b" }, finish_reason: null, logprobs: { content: [1] } }] },
      { ...own, choices: [{ index: 1, delta: {}, finish_reason: "stop" }] },
      { ...own, choices: [] },
    ]);
    expect(chunks).toHaveLength(2);
    expect(chunks[0]).toEqual({
      id: "up-1",
      object: "chat.completion.chunk",
      created: 9,
      model: "up",
      system_fingerprint: "fp",
      choices: [{ index: 1, delta: { role: "assistant", content: "b" }, finish_reason: null, logprobs: { content: [1] } }],
    });
  });

  test.each([
    ["counts them", [0, 0, 1, 1]],
    ["calls all of them 0", [0, 0, 0, 0]],
    ["counts none", [undefined, undefined, undefined, undefined]],
  ])("gives each tool call one index when its server %s", (_what, given) => {
    const parts = [
      { id: "a", function: { name: "f", arguments: "" } },
      { function: { arguments: "1" } },
      { id: "b", function: { name: "g" } },
      { function: { arguments: "2" } },
    ];
    const items = parts.map((part, at) => ({ tool_calls: [{ ...part, ...(given[at] === undefined ? {} : { index: given[at] }) }] }));
    const indices = deltas(stream(items)).flatMap((delta) =>
      ((delta["tool_calls"] as { index: number }[] | undefined) ?? []).map(({ index }) => index),
    );
    expect(indices).toEqual([0, 0, 1, 1]);
    expect(complete(items).choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: {
        content: null,
        tool_calls: [
          { id: "a", type: "function", function: { name: "f", arguments: "1" } },
          { id: "b", function: { name: "g", arguments: "2" } },
        ],
      },
    });
  });

  test("of an answer in one piece is still a stream", () => {
    const whole = {
      choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 1 },
    };
    const chunks = stream([], whole, true);
    expect(deltas(chunks)).toEqual([{ role: "assistant", content: "hi" }]);
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { prompt_tokens: 1 } });
    expect(deltas(stream([], "text"))).toEqual([{ role: "assistant", content: "text" }, {}]);
  });

  test("skips items that are nothing", () => {
    expect(deltas(stream([null, 7, [], "x"]))).toEqual([{ role: "assistant", content: "x" }, {}]);
  });
});

describe("a completion", () => {
  test("joins text and thought and takes usage from the call", () => {
    expect(
      complete([{ reasoning_content: "hm" }, { content: "one " }, "two"], { finishReason: "stop" }, { inputTokens: 1, outputTokens: 2 }),
    ).toMatchObject({
      object: "chat.completion",
      choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", reasoning_content: "hm", content: "one two" } }],
      usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
    });
  });

  test("passes a whole answer on as it is", () => {
    const whole = {
      id: "up",
      object: "chat.completion",
      created: 5,
      model: "up",
      choices: [{ index: 0, message: { content: "x" }, odd: 1 }],
      usage: { odd: 2 },
      service_tier: "z",
    };
    expect(complete([], whole, { inputTokens: 9 })).toEqual(whole);
  });

  test("sets the lists of log probabilities together", () => {
    const part = (token: string) => ({ choices: [{ index: 0, delta: { content: token }, logprobs: { content: [{ token }] } }] });
    expect(complete([part("a"), part("b")]).choices[0]).toMatchObject({ logprobs: { content: [{ token: "a" }, { token: "b" }] } });
  });
});
