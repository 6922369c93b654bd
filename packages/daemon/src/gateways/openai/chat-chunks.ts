/**
 * Makes `chat.completion.chunk` objects of what a provider's `chat` method sends.
 *
 * A provider may send text, a delta (`{ content }`, `{ tool_calls }`, …), or whole chunks as an OpenAI-compatible server does. Whatever it
 * leaves out is put right: the role in the first delta of each choice, a stable index for each tool call, and one finish reason.
 */
import type { Usage } from "@gantry/contract";

type Fields = Record<string, unknown>;

export interface ChatChunk {
  id: string;
  object: "chat.completion.chunk";
  created: number;
  model: string;
  choices: Choice[];
  usage?: unknown;
  [other: string]: unknown;
}

interface Choice {
  index: number;
  delta: Fields;
  finish_reason: string | null;
  [other: string]: unknown;
}

export interface ChatChunks {
  /** The chunk for one item; undefined when nothing of it is for the caller. */
  next(item: unknown): ChatChunk | undefined;
  /** What is still missing when the call has ended with this result, the usage chunk included. */
  finish(result: unknown, usage: Usage | undefined): ChatChunk[];
  /** In OpenAI's words; undefined while none was reported. */
  readonly usage: unknown;
}

export interface ChatHead {
  id: string;
  created: number;
  model: string;
}

interface ToolCall {
  id: string | undefined;
  given: unknown;
}

interface ChoiceState {
  tools: ToolCall[];
  finished: boolean;
}

export function createChatChunks(head: ChatHead, includeUsage: boolean): ChatChunks {
  const choices = new Map<number, ChoiceState>();
  let usage: unknown;

  const chunk = (list: Choice[], more: Fields = {}): ChatChunk => ({
    ...head,
    object: "chat.completion.chunk",
    ...more,
    choices: list,
    // Clients that ask for usage find the key in every chunk, as from OpenAI.
    ...(includeUsage ? { usage: null } : {}),
  });

  const choice = (index: number, given: Fields, finishReason: unknown, more: Fields = {}): Choice => {
    const known = choices.get(index);
    const state = known ?? { tools: [], finished: false };
    if (known === undefined) choices.set(index, state);
    const delta: Fields = { ...(known === undefined && given["role"] === undefined ? { role: "assistant" } : {}), ...given };
    if (Array.isArray(delta["tool_calls"])) delta["tool_calls"] = delta["tool_calls"].map((call) => withIndex(state, call as Fields));
    const isEnd = typeof finishReason === "string";
    if (isEnd) state.finished = true;
    return { ...more, index, delta, finish_reason: isEnd ? finishReason : null };
  };

  const whole = ({ choices: list, usage: reported, ...rest }: Fields & { choices: unknown[] }): ChatChunk | undefined => {
    if (typeof reported === "object" && reported !== null) usage = reported;
    if (list.length === 0) return undefined;
    const made = list.filter(isFields).map((one, position) => {
      const { index, delta, message, finish_reason: finishReason, ...more } = one;
      return choice(typeof index === "number" ? index : position, fieldsOf(delta ?? message), finishReason, more);
    });
    return chunk(made, { ...rest, object: "chat.completion.chunk" });
  };

  return {
    get usage() {
      return usage;
    },
    next(item) {
      if (typeof item === "string") return chunk([choice(0, { content: item }, undefined)]);
      if (!isFields(item)) return undefined;
      if (Array.isArray(item["choices"])) return whole(item as Fields & { choices: unknown[] });
      const { finish_reason: finishReason, ...delta } = item;
      return chunk([choice(0, delta, finishReason)]);
    },
    finish(result, reported) {
      const missing: ChatChunk[] = [];
      const given = typeof result === "string" ? { content: result } : fieldsOf(result);
      const reason = given["finish_reason"] ?? given["finishReason"];
      if (isFields(given["usage"])) usage = given["usage"];
      if (choices.size === 0) {
        const first = Array.isArray(given["choices"])
          ? whole(given as Fields & { choices: unknown[] })
          : chunk([choice(0, messageFields(given), reason)]);
        if (first) missing.push(first);
      }
      if (choices.size === 0) choices.set(0, { tools: [], finished: false });
      for (const [index, { finished, tools }] of choices) {
        if (!finished)
          missing.push(chunk([choice(index, {}, typeof reason === "string" ? reason : tools.length > 0 ? "tool_calls" : "stop")]));
      }
      usage ??= reported && toOpenAiUsage(reported);
      if (includeUsage && usage !== undefined) missing.push({ ...chunk([]), usage });
      return missing;
    },
  };
}

/** Providers count tool calls in ways of their own (all 0, none at all); their id tells them apart, and order gives the index. */
function withIndex({ tools }: ChoiceState, call: Fields): Fields {
  const given = call["index"];
  const id = typeof call["id"] === "string" && call["id"] !== "" ? call["id"] : undefined;
  let at =
    id === undefined
      ? tools.findLastIndex((tool) => given === undefined || tool.given === given)
      : tools.findIndex((tool) => tool.id === id);
  if (at !== -1) return { ...call, index: at };
  at = tools.push({ id, given }) - 1;
  // Clients refuse a call whose type they were never told.
  return { type: "function", ...call, index: at };
}

const messageKeys = ["content", "tool_calls", "refusal", "reasoning_content", "reasoning", "audio", "annotations"];

function messageFields(result: Fields): Fields {
  return Object.fromEntries(messageKeys.filter((key) => result[key] !== undefined).map((key) => [key, result[key]]));
}

/** Own providers report `inputTokens` and `outputTokens`; others use OpenAI's names already. */
export function toOpenAiUsage(usage: Usage): Fields {
  const input = usage["prompt_tokens"] ?? usage["inputTokens"] ?? usage["input_tokens"] ?? 0;
  const output = usage["completion_tokens"] ?? usage["outputTokens"] ?? usage["output_tokens"] ?? 0;
  return { prompt_tokens: input, completion_tokens: output, total_tokens: usage["total_tokens"] ?? usage["totalTokens"] ?? input + output };
}

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}
