/** Puts the chunks of a chat together to one `chat.completion`, for callers that did not ask for a stream. */
import type { Usage } from "@gantry/contract";

import { type ChatChunk, type ChatChunks, fieldsOf, isFields, toOpenAiUsage, type ChatHead } from "./chat-chunks.ts";

type Fields = Record<string, unknown>;

interface Assembled {
  message: Fields;
  finishReason: string | null;
  more: Fields;
}

export interface Completion {
  add(chunk: ChatChunk): void;
  /** The answer of a call that ended with this result. */
  finish(result: unknown, usage: Usage | undefined): Fields;
}

export function createCompletion(head: ChatHead, chunks: ChatChunks): Completion {
  const choices = new Map<number, Assembled>();
  let facts: Fields = {};

  const add = ({ choices: list, usage: _usage, object: _object, ...rest }: ChatChunk) => {
    facts = { ...rest, ...facts };
    for (const { index, delta, finish_reason: finishReason, ...more } of list) {
      const known = choices.get(index) ?? { message: {}, finishReason: null, more: {} };
      choices.set(index, known);
      merge(known.message, delta);
      known.finishReason = finishReason ?? known.finishReason;
      mergeLists(known.more, more);
    }
  };

  return {
    add,
    finish(result, usage) {
      // A provider that answers in one piece and in OpenAI's form is passed on as it is.
      if (choices.size === 0 && isFields(result) && Array.isArray(result["choices"])) {
        const whole = { ...head, object: "chat.completion", ...result };
        return result["usage"] === undefined && usage !== undefined ? { ...whole, usage: toOpenAiUsage(usage) } : whole;
      }
      for (const chunk of chunks.finish(result, usage)) add(chunk);
      return {
        ...head,
        ...facts,
        object: "chat.completion",
        choices: [...choices]
          .sort(([one], [other]) => one - other)
          .map(([index, { message, finishReason, more }]) => ({
            ...more,
            index,
            message: completeMessage(message),
            finish_reason: finishReason,
          })),
        ...(chunks.usage === undefined ? {} : { usage: chunks.usage }),
      };
    },
  };
}

function completeMessage({ tool_calls: calls, ...message }: Fields): Fields {
  return {
    role: "assistant",
    content: null,
    ...message,
    ...(Array.isArray(calls) ? { tool_calls: calls.map(({ index: _index, ...call }: Fields) => ({ type: "function", ...call })) } : {}),
  };
}

/** Text grows, tool calls are merged by their index, and anything else is set. */
function merge(message: Fields, delta: Fields): void {
  for (const [key, value] of Object.entries(delta)) {
    const known = message[key];
    if (key === "tool_calls" && Array.isArray(value)) mergeTools(message, value);
    // What an agent did with tools of its own: each event counts.
    else if (key === "agent_event") message["agent_events"] = [...((message["agent_events"] as unknown[] | undefined) ?? []), value];
    else if (typeof known === "string" && typeof value === "string" && key !== "role") message[key] = known + value;
    else if (value !== null || known === undefined) message[key] = value;
  }
}

function mergeTools(message: Fields, calls: unknown[]): void {
  const list = (message["tool_calls"] ??= []) as Fields[];
  for (const call of calls.map(fieldsOf)) {
    const at = call["index"] as number;
    const known = (list[at] ??= {});
    const { function: added, ...rest } = call;
    for (const [key, value] of Object.entries(rest)) if (value !== undefined && value !== null) known[key] = value;
    if (added === undefined) continue;
    const own = (known["function"] ??= {}) as Fields;
    // The name comes whole and once; some servers repeat it.
    const { name, arguments: more } = fieldsOf(added);
    if (typeof name === "string" && name !== "") own["name"] = name;
    own["arguments"] = `${typeof own["arguments"] === "string" ? own["arguments"] : ""}${typeof more === "string" ? more : ""}`;
  }
}

/** Log probabilities come in lists that go on from chunk to chunk. */
function mergeLists(target: Fields, source: Fields): void {
  for (const [key, value] of Object.entries(source)) {
    const known = target[key];
    if (!isFields(known) || !isFields(value)) target[key] = value ?? known;
    else
      for (const [part, list] of Object.entries(value))
        known[part] = Array.isArray(known[part]) && Array.isArray(list) ? [...known[part], ...list] : list;
  }
}
