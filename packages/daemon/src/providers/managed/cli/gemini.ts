/** `gemini -o stream-json`: messages in pieces, tools, and one result with its statistics. */
import { type CliFormat, fields, text, usageFrom } from "./format.ts";

const usageNames = { inputTokens: "input_tokens", outputTokens: "output_tokens", totalTokens: "total_tokens", cachedTokens: "cached" };

export const gemini: CliFormat = {
  name: "gemini",
  args: (model) => ["--output-format", "stream-json", ...(model === undefined ? [] : ["--model", model])],
  createReader: () => (line) => {
    switch (line["type"]) {
      case "message":
        return line["role"] === "assistant" ? [{ type: "text", text: text(line["content"]) }] : [];
      case "tool_use":
        return [{ type: "tool", id: text(line["tool_id"]), name: text(line["tool_name"]), input: line["parameters"] }];
      case "tool_result":
        return [
          { type: "toolResult", id: text(line["tool_id"]), isError: line["status"] === "error", output: line["output"] ?? line["error"] },
        ];
      case "error":
        // A warning is for whoever reads its log; the turn goes on.
        return line["severity"] === "warning" ? [] : [{ type: "failed", message: text(line["message"]) }];
      case "result": {
        const usage = usageFrom(line["stats"], usageNames);
        if (line["status"] === "success") return [{ type: "done", finishReason: "stop", usage }];
        return [
          { type: "usage", usage },
          { type: "failed", message: text(fields(line["error"])["message"]) || "it failed without a message" },
        ];
      }
      default:
        return [];
    }
  },
};
