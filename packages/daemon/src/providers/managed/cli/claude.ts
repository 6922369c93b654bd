/** `claude -p --output-format stream-json`: messages, their parts as they grow, and one result. */
import { type CliEvent, type CliFormat, type Fields, fields, list, text, usageFrom } from "./format.ts";

const usageNames = {
  inputTokens: "input_tokens",
  outputTokens: "output_tokens",
  cachedTokens: "cache_read_input_tokens",
  cacheWriteTokens: "cache_creation_input_tokens",
};

export const claude: CliFormat = {
  name: "claude",
  args: (model) => [
    "-p",
    "--output-format",
    "stream-json",
    // Without it the CLI refuses to print more than the result.
    "--verbose",
    "--include-partial-messages",
    ...(model === undefined ? [] : ["--model", model]),
  ],
  createReader() {
    /** Parts of a message that came piece by piece; the whole message repeats them. */
    let sawPieces = false;
    const piece = (event: Fields): CliEvent[] => {
      const delta = fields(event["delta"]);
      if (event["type"] === "message_start") sawPieces = false;
      if (event["type"] !== "content_block_delta") return [];
      if (delta["type"] === "text_delta") {
        sawPieces = true;
        return [{ type: "text", text: text(delta["text"]) }];
      }
      return delta["type"] === "thinking_delta" ? [{ type: "thought", text: text(delta["thinking"]) }] : [];
    };
    const part = ({ type, ...given }: Fields): CliEvent[] => {
      if (type === "text") return sawPieces ? [] : [{ type: "text", text: text(given["text"]) }];
      if (type === "tool_use") return [{ type: "tool", id: text(given["id"]), name: text(given["name"]), input: given["input"] }];
      if (type !== "tool_result") return [];
      return [{ type: "toolResult", id: text(given["tool_use_id"]), isError: given["is_error"] === true, output: given["content"] }];
    };
    const result = (line: Fields): CliEvent[] => {
      const usage = { ...usageFrom(line["usage"], usageNames), ...usageFrom(line, { costUsd: "total_cost_usd" }) };
      if (line["is_error"] !== true && line["subtype"] === "success")
        return [{ type: "done", finishReason: "stop", text: text(line["result"]), usage }];
      if (line["subtype"] === "error_max_turns") return [{ type: "done", finishReason: "length", usage }];
      return [
        { type: "usage", usage },
        { type: "failed", message: text(line["result"]) || text(line["subtype"]) },
      ];
    };
    return (line) => {
      if (line["type"] === "stream_event") return piece(fields(line["event"]));
      if (line["type"] === "result") return result(line);
      if (line["type"] !== "assistant" && line["type"] !== "user") return [];
      // A refusal, such as "Not logged in", comes as a message too; the result tells it as what it is.
      if (line["is_api_error_message"] === true) return [];
      const parts = list(fields(line["message"])["content"]).flatMap(part);
      if (line["type"] === "assistant") sawPieces = false;
      return parts;
    };
  },
};
