/** Builds a Response and its events (`response.output_text.delta`, …) from the chunks of a chat. */
import type { Usage } from "@gantry/contract";

import { type ChatChunk, type ChatChunks, fieldsOf } from "./chat-chunks.ts";
import type { ModelBody } from "./model-request.ts";
import type { OpenAiError } from "./problem.ts";

type Fields = Record<string, unknown>;
export type ResponseEvent = Fields & { type: string; sequence_number: number };

/** One thing of the output that is still growing. */
interface OpenItem {
  at: number;
  item: Fields & { id: string };
  text: string;
  kind: "message" | "reasoning" | "function_call";
}

export interface ResponseBuilder {
  begin(): ResponseEvent[];
  next(chunk: ChatChunk): ResponseEvent[];
  finish(usage: unknown): ResponseEvent[];
  fail(error: OpenAiError): ResponseEvent[];
  readonly response: Fields;
}

const incomplete: Record<string, string> = { length: "max_output_tokens", content_filter: "content_filter" };

export function createResponseBuilder(id: string, createdAt: number, body: ModelBody): ResponseBuilder {
  const output: Fields[] = [];
  const tools = new Map<number, OpenItem>();
  let text: OpenItem | undefined;
  let events: ResponseEvent[] = [];
  let sequence = 0;
  let finishReason = "stop";
  const response = describe(id, createdAt, body, output);

  const emit = (type: string, fields: Fields) => void events.push({ type, sequence_number: sequence++, ...fields });
  const taken = () => {
    const made = events;
    events = [];
    return made;
  };

  const open = (kind: OpenItem["kind"], item: Fields & { id: string }): OpenItem => {
    const opened: OpenItem = { at: output.push(item) - 1, item, text: "", kind };
    emit("response.output_item.added", { output_index: opened.at, item: { ...item } });
    if (kind !== "function_call")
      emit("response.content_part.added", { item_id: item.id, output_index: opened.at, content_index: 0, part: partOf(opened) });
    return opened;
  };
  const close = (opened: OpenItem) => {
    const { at, item, kind } = opened;
    const place = { item_id: item.id, output_index: at };
    if (kind === "function_call") {
      emit("response.function_call_arguments.done", { ...place, name: item["name"], arguments: opened.text });
      item["arguments"] = opened.text;
    } else {
      const part = partOf(opened);
      if (kind === "message") emit("response.output_text.done", { ...place, content_index: 0, text: opened.text, logprobs: [] });
      else emit("response.reasoning_text.done", { ...place, content_index: 0, text: opened.text });
      emit("response.content_part.done", { ...place, content_index: 0, part });
      item["content"] = [part];
    }
    item["status"] = finishReason in incomplete ? "incomplete" : "completed";
    emit("response.output_item.done", { output_index: at, item: { ...item } });
  };
  const closeText = () => {
    if (text) close(text);
    text = undefined;
  };

  const grow = (kind: "message" | "reasoning", delta: string) => {
    if (text?.kind !== kind) {
      closeText();
      const name = `${kind === "message" ? "msg" : "rs"}_${id}_${output.length}`;
      const rest = kind === "message" ? { role: "assistant", content: [] } : { summary: [], content: [] };
      text = open(kind, { id: name, type: kind, status: "in_progress", ...rest });
    }
    text.text += delta;
    const place = { item_id: text.item.id, output_index: text.at, content_index: 0 };
    if (kind === "message") emit("response.output_text.delta", { ...place, delta, logprobs: [] });
    else emit("response.reasoning_text.delta", { ...place, delta });
  };
  const growTool = (call: Fields) => {
    const index = call["index"] as number;
    const { name, arguments: more } = fieldsOf(call["function"]);
    let tool = tools.get(index);
    if (tool === undefined) {
      closeText();
      const item = {
        id: `fc_${id}_${output.length}`,
        type: "function_call",
        status: "in_progress",
        call_id: call["id"] ?? `call_${index}`,
        name,
        arguments: "",
      };
      tool = open("function_call", item);
      tools.set(index, tool);
    }
    if (typeof more !== "string" || more === "") return;
    tool.text += more;
    emit("response.function_call_arguments.delta", { item_id: tool.item.id, output_index: tool.at, delta: more });
  };

  return {
    response,
    begin() {
      emit("response.created", { response: structuredClone(response) });
      emit("response.in_progress", { response: structuredClone(response) });
      return taken();
    },
    next({ choices }) {
      for (const { index, delta, finish_reason: reason } of choices) {
        // The Responses API has no second choice.
        if (index !== 0) continue;
        const thought = delta["reasoning_content"] ?? delta["reasoning"];
        if (typeof thought === "string" && thought !== "") grow("reasoning", thought);
        if (typeof delta["content"] === "string" && delta["content"] !== "") grow("message", delta["content"]);
        if (typeof delta["refusal"] === "string" && delta["refusal"] !== "") grow("message", delta["refusal"]);
        if (Array.isArray(delta["tool_calls"])) for (const call of delta["tool_calls"] as Fields[]) growTool(call);
        if (reason !== null) finishReason = reason;
      }
      return taken();
    },
    finish(usage) {
      closeText();
      for (const tool of tools.values()) close(tool);
      const reason = incomplete[finishReason];
      response["status"] = reason === undefined ? "completed" : "incomplete";
      response["incomplete_details"] = reason === undefined ? null : { reason };
      response["usage"] = usageOf(fieldsOf(usage));
      emit(reason === undefined ? "response.completed" : "response.incomplete", { response });
      return taken();
    },
    fail({ message, code, param }) {
      response["status"] = "failed";
      response["error"] = { code: code ?? "server_error", message };
      emit("response.failed", { response });
      emit("error", { code, message, param });
      return taken();
    },
  };
}

/** Feeds the builder what is still missing when the call has ended. */
export function finishResponse(builder: ResponseBuilder, chunks: ChatChunks, result: unknown, usage: Usage | undefined): ResponseEvent[] {
  const last = chunks.finish(result, usage).flatMap((chunk) => builder.next(chunk));
  return [...last, ...builder.finish(chunks.usage)];
}

function partOf({ kind, text }: OpenItem): Fields {
  return kind === "message" ? { type: "output_text", text, annotations: [], logprobs: [] } : { type: "reasoning_text", text };
}

function usageOf(usage: Fields): Fields | null {
  const { prompt_tokens: input, completion_tokens: output, total_tokens: total } = usage;
  if (typeof input !== "number" || typeof output !== "number") return null;
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: fieldsOf(usage["prompt_tokens_details"])["cached_tokens"] ?? 0 },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: fieldsOf(usage["completion_tokens_details"])["reasoning_tokens"] ?? 0 },
    total_tokens: total ?? input + output,
  };
}

function describe(id: string, createdAt: number, body: ModelBody, output: Fields[]): Fields {
  const given = (name: string, otherwise: unknown) => body[name] ?? otherwise;
  return {
    id,
    object: "response",
    created_at: createdAt,
    status: "in_progress",
    background: false,
    error: null,
    incomplete_details: null,
    instructions: given("instructions", null),
    max_output_tokens: given("max_output_tokens", null),
    model: body.model,
    output,
    parallel_tool_calls: given("parallel_tool_calls", true),
    previous_response_id: null,
    reasoning: given("reasoning", { effort: null, summary: null }),
    store: false,
    temperature: given("temperature", null),
    text: given("text", { format: { type: "text" } }),
    tool_choice: given("tool_choice", "auto"),
    tools: given("tools", []),
    top_p: given("top_p", null),
    truncation: "disabled",
    usage: null,
    user: given("user", null),
    metadata: given("metadata", {}),
  };
}
