/** `codex exec --json`: items that start and complete within one turn. */
import { type CliEvent, type CliFormat, type Fields, fields, text, usageFrom } from "./format.ts";

const usageNames = {
  inputTokens: "input_tokens",
  outputTokens: "output_tokens",
  cachedTokens: "cached_input_tokens",
  cacheWriteTokens: "cache_write_input_tokens",
};

/** What each kind of item calls the thing it does. */
const toolFields: Record<string, string[]> = {
  command_execution: ["command"],
  file_change: ["changes"],
  mcp_tool_call: ["server", "tool", "arguments"],
  web_search: ["query"],
};

export const codex: CliFormat = {
  name: "codex",
  // It refuses folders without a repository unless told; what it may do there is still its own sandbox's rule.
  args: (model) => ["exec", "--json", "--skip-git-repo-check", ...(model === undefined ? [] : ["--model", model]), "-"],
  createReader() {
    let messages = 0;
    const pick = (item: Fields) => Object.fromEntries((toolFields[text(item["type"])] ?? []).map((name) => [name, item[name]]));
    const completed = (item: Fields): CliEvent[] => {
      const kind = text(item["type"]);
      if (kind === "agent_message") {
        messages += 1;
        // Each message is a whole; the next one is a paragraph of its own.
        return [{ type: "text", text: `${messages > 1 ? "\n\n" : ""}${text(item["text"])}` }];
      }
      if (kind === "reasoning") return [{ type: "thought", text: `${text(item["text"])}\n` }];
      if (!(kind in toolFields)) return [];
      const output = item["aggregated_output"] ?? item["result"] ?? item["error"];
      const isError = item["status"] === "failed" || (typeof item["exit_code"] === "number" && item["exit_code"] !== 0);
      return [{ type: "toolResult", id: text(item["id"]), isError, output }];
    };
    return (line) => {
      const item = fields(line["item"]);
      switch (line["type"]) {
        case "item.started":
          return text(item["type"]) in toolFields
            ? [{ type: "tool", id: text(item["id"]), name: text(item["type"]), input: pick(item) }]
            : [];
        case "item.completed":
          return completed(item);
        case "turn.completed":
          return [{ type: "done", finishReason: "stop", usage: usageFrom(line["usage"], usageNames) }];
        case "turn.failed":
          return [{ type: "failed", message: text(fields(line["error"])["message"]) }];
        case "error":
          return [{ type: "failed", message: text(line["message"]) }];
        default:
          return [];
      }
    };
  },
};
