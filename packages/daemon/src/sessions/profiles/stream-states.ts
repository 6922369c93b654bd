/**
 * What the lines say that AI CLIs print in their headless JSON modes: the state after a line, by its `type` or `type.subtype`.
 *
 * As documented at https://code.claude.com/docs/en/headless, https://github.com/openai/codex/blob/main/docs/exec.md,
 * https://geminicli.com/docs/cli/headless/, and https://cursor.com/docs/cli/reference/output-format.
 */
import type { WatchedState } from "../../host/interface.ts";

export type StreamStates = Readonly<Record<string, WatchedState>>;

/** One `system.init` for each turn; headless, what needs a permission is refused without a question. */
export const claudeStream: StreamStates = {
  "system.init": "working",
  assistant: "working",
  user: "working",
  stream_event: "working",
  result: "idle",
};

export const cursorStream: StreamStates = { ...claudeStream, thinking: "working", tool_call: "working" };

/** An `error` on the way is not the end: codex tries again, or says `turn.failed`. */
export const codexStream: StreamStates = {
  "turn.started": "working",
  "item.started": "working",
  "item.updated": "working",
  "item.completed": "working",
  "turn.completed": "idle",
  "turn.failed": "idle",
};

export const geminiStream: StreamStates = {
  init: "working",
  message: "working",
  tool_use: "working",
  tool_result: "working",
  result: "idle",
};
