/** Says a `/v1/responses` request in the words of chat completions, for models that offer only `chat`. */
import { fieldsOf, isFields } from "./chat-chunks.ts";
import type { ModelBody } from "./model-request.ts";
import { invalidRequest } from "./problem.ts";

type Fields = Record<string, unknown>;

/** What would need a memory on our side, or a tool that OpenAI runs itself. */
const stateful = ["previous_response_id", "conversation", "prompt"];
/** Said in another way below, or meaningful only to OpenAI's own store. */
const translated = new Set([
  ...stateful,
  "input",
  "instructions",
  "tools",
  "tool_choice",
  "text",
  "reasoning",
  "max_output_tokens",
  "include",
  "store",
  "truncation",
  "background",
  "stream_options",
]);

/** Throws invalidArgument that names the parameter which has no counterpart. */
export function toChatBody(body: ModelBody): ModelBody {
  for (const name of stateful) {
    if (body[name] !== undefined && body[name] !== null) {
      throw invalidRequest(
        name,
        `${name} needs a server that remembers earlier responses; model ${body.model} offers only chat. Send the whole conversation as input.`,
      );
    }
  }
  if (body["background"] === true) throw invalidRequest("background", "background is not offered; leave it out and keep the request open.");
  const passed = Object.entries(body).filter(([name]) => !translated.has(name));
  const tools = Array.isArray(body["tools"]) ? body["tools"].flatMap(toolOf) : [];
  const format = responseFormat(fieldsOf(body["text"])["format"]);
  const effort = fieldsOf(body["reasoning"])["effort"];
  return {
    ...Object.fromEntries(passed),
    model: body.model,
    messages: messagesOf(body),
    ...(tools.length > 0 ? { tools } : {}),
    ...choiceOf(body["tool_choice"], tools.length > 0),
    ...(format === undefined ? {} : { response_format: format }),
    ...(typeof effort === "string" ? { reasoning_effort: effort } : {}),
    // Not max_completion_tokens: who offers only chat often knows only the older name.
    ...(typeof body["max_output_tokens"] === "number" ? { max_tokens: body["max_output_tokens"] } : {}),
  };
}

function messagesOf({ input, instructions }: ModelBody): Fields[] {
  const messages: Fields[] = typeof instructions === "string" ? [{ role: "system", content: instructions }] : [];
  if (typeof input === "string") messages.push({ role: "user", content: input });
  else if (Array.isArray(input)) for (const [index, item] of input.entries()) addItem(messages, fieldsOf(item), `input[${index}]`);
  else throw invalidRequest("input", "input must be a text or an array of items.");
  return messages;
}

function addItem(messages: Fields[], item: Fields, where: string): void {
  switch (item["type"] ?? "message") {
    case "message":
      if (typeof item["role"] !== "string") throw invalidRequest(where, `${where}.role must be user, assistant, system, or developer.`);
      messages.push({ role: item["role"] === "developer" ? "system" : item["role"], content: contentOf(item["content"], where) });
      return;
    case "function_call": {
      const call = { id: item["call_id"], type: "function", function: { name: item["name"], arguments: item["arguments"] ?? "" } };
      const last = messages.at(-1);
      // Calls of one turn belong to one message, together with what was said in it.
      if (last?.["role"] === "assistant") last["tool_calls"] = [...((last["tool_calls"] as unknown[] | undefined) ?? []), call];
      else messages.push({ role: "assistant", content: null, tool_calls: [call] });
      return;
    }
    case "function_call_output":
      messages.push({ role: "tool", tool_call_id: item["call_id"], content: outputText(item["output"], where) });
      return;
    case "reasoning":
      // Thoughts of an earlier turn: chat models do not take them back.
      return;
    default:
      throw invalidRequest(where, `${where} is of type ${String(item["type"])}, which has no counterpart in chat completions.`);
  }
}

function contentOf(content: unknown, where: string): unknown {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) throw invalidRequest(where, `${where}.content must be a text or an array of parts.`);
  const parts = content.map((part, index) => partOf(fieldsOf(part), `${where}.content[${index}]`));
  // Text alone is understood by every server, a list of parts is not.
  return parts.every(({ type }) => type === "text") ? parts.map(({ text }) => text).join("\n") : parts;
}

function partOf(part: Fields, where: string): Fields {
  switch (part["type"]) {
    case "input_text":
    case "output_text":
    case "text":
      return { type: "text", text: part["text"] };
    case "refusal":
      return { type: "refusal", refusal: part["refusal"] };
    case "input_image": {
      if (typeof part["image_url"] !== "string")
        throw invalidRequest(where, `${where}.image_url must be a URL; file_id needs OpenAI's file store.`);
      return {
        type: "image_url",
        image_url: { url: part["image_url"], ...(part["detail"] === undefined ? {} : { detail: part["detail"] }) },
      };
    }
    case "input_audio":
      return { type: "input_audio", input_audio: part["input_audio"] };
    case "input_file":
      return { type: "file", file: { filename: part["filename"], file_data: part["file_data"], file_id: part["file_id"] } };
    default:
      throw invalidRequest(where, `${where} is of type ${String(part["type"])}, which has no counterpart in chat completions.`);
  }
}

function outputText(output: unknown, where: string): unknown {
  return typeof output === "string" ? output : contentOf(output, where);
}

/**
 * Tools that OpenAI runs itself, or whose form only its own models know, are left out: a chat model cannot call them, and its clients
 * (Codex for one) offer them to every model. `tool_choice` that insists on one is refused below.
 */
function toolOf(tool: unknown): Fields[] {
  const { type, ...fields } = fieldsOf(tool);
  if (type !== "function") return [];
  const { name, description, parameters, strict } = fields;
  const facts = { name, ...(description === undefined ? {} : { description }), parameters };
  return [{ type, function: { ...facts, ...(strict === undefined || strict === null ? {} : { strict }) } }];
}

function choiceOf(choice: unknown, hasTools: boolean): Fields {
  if (choice === undefined || choice === null) return {};
  const isFunction = isFields(choice) && choice["type"] === "function";
  if ((isFields(choice) && !isFunction) || (choice === "required" && !hasTools)) {
    throw invalidRequest("tool_choice", "tool_choice asks for a tool that is not of type function: only those reach a chat model.");
  }
  // Servers refuse a choice without tools to choose from.
  if (!hasTools) return {};
  return { tool_choice: isFunction ? { type: "function", function: { name: choice["name"] } } : choice };
}

function responseFormat(format: unknown): unknown {
  if (!isFields(format) || format["type"] === "text") return undefined;
  if (format["type"] !== "json_schema") return format;
  const { type, ...schema } = format;
  return { type, json_schema: schema };
}
