/**
 * Stands in for claude, codex, and gemini in their headless modes: prints what each of them prints, as recorded, for the prompt on its
 * standard input. The prompt's last line says which recording: an answer, tools, a refusal, a death, or a hang with a child of its own.
 */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";

const args = process.argv.slice(2);
const flavour = args.includes("exec") ? "codex" : args.includes("stream-json") && args.includes("-p") ? "claude" : "gemini";
if (args.includes("--version")) {
  process.stdout.write("9.8.7 (scripted)\n");
  process.exit(0);
}
const prompt = await text(process.stdin);
const what = prompt.trim().split("\n").at(-1)?.replace(/^.*: /, "") ?? "";
const print = (line: unknown) => void process.stdout.write(`${JSON.stringify(line)}\n`);

if (what === "die") {
  process.stderr.write("out of cheese\n");
  process.exit(3);
}
if (what === "hang") {
  const child = spawn(process.execPath, ["-e", "process.on('SIGTERM',()=>{});setInterval(()=>{},1000)"], {
    detached: true,
    stdio: "ignore",
  });
  writeFileSync(process.env["PID_FILE"] as string, `${process.pid} ${child.pid}`);
  process.on("SIGTERM", () => undefined);
  setInterval(() => undefined, 1000);
  await new Promise(() => undefined);
}

const claude: Record<string, unknown[]> = {
  answer: [
    { type: "system", subtype: "init", session_id: "s", model: "claude-x", tools: ["Bash"], cwd: process.cwd() },
    { type: "stream_event", event: { type: "message_start", message: { id: "msg_1" } }, session_id: "s" },
    { type: "stream_event", event: { type: "content_block_start", index: 0, content_block: { type: "thinking", thinking: "" } } },
    { type: "stream_event", event: { type: "content_block_delta", index: 0, delta: { type: "thinking_delta", thinking: "hm" } } },
    { type: "stream_event", event: { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "Hello " } } },
    { type: "stream_event", event: { type: "content_block_delta", index: 1, delta: { type: "text_delta", text: "there" } } },
    { type: "assistant", message: { id: "msg_1", content: [{ type: "text", text: "Hello there" }] }, session_id: "s" },
    { type: "stream_event", event: { type: "message_stop" } },
    {
      type: "result",
      subtype: "success",
      is_error: false,
      result: "Hello there",
      total_cost_usd: 0.5,
      usage: { input_tokens: 4, output_tokens: 2, cache_read_input_tokens: 1 },
    },
  ],
  tools: [
    {
      type: "assistant",
      message: {
        id: "msg_1",
        content: [
          { type: "text", text: "Looking. " },
          { type: "tool_use", id: "toolu_1", name: "Bash", input: { command: "ls" } },
        ],
      },
    },
    { type: "user", message: { content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "a b", is_error: false }] } },
    { type: "assistant", message: { id: "msg_2", content: [{ type: "text", text: "Two files." }] } },
    { type: "result", subtype: "success", is_error: false, result: "Two files.", usage: { input_tokens: 9, output_tokens: 5 } },
  ],
  refuse: [
    {
      type: "assistant",
      message: { id: "m", model: "<synthetic>", content: [{ type: "text", text: "Not logged in · Please run /login" }] },
      error: "authentication_failed",
      is_api_error_message: true,
    },
    { type: "result", subtype: "success", is_error: true, result: "Not logged in · Please run /login", usage: { input_tokens: 0 } },
  ],
};
const codex: Record<string, unknown[]> = {
  answer: [
    { type: "thread.started", thread_id: "t" },
    { type: "turn.started" },
    { type: "item.completed", item: { id: "item_0", type: "reasoning", text: "hm" } },
    { type: "item.completed", item: { id: "item_1", type: "agent_message", text: "Hello there" } },
    { type: "turn.completed", usage: { input_tokens: 4, cached_input_tokens: 1, output_tokens: 2 } },
  ],
  tools: [
    { type: "turn.started" },
    { type: "item.completed", item: { id: "item_0", type: "agent_message", text: "Looking." } },
    {
      type: "item.started",
      item: { id: "item_1", type: "command_execution", command: "bash -lc ls", aggregated_output: "", status: "in_progress" },
    },
    {
      type: "item.completed",
      item: {
        id: "item_1",
        type: "command_execution",
        command: "bash -lc ls",
        aggregated_output: "a b",
        exit_code: 0,
        status: "completed",
      },
    },
    { type: "item.completed", item: { id: "item_2", type: "agent_message", text: "Two files." } },
    { type: "turn.completed", usage: { input_tokens: 9, cached_input_tokens: 0, output_tokens: 5 } },
  ],
  refuse: [
    { type: "turn.started" },
    { type: "error", message: "stream error: unexpected status 401 Unauthorized" },
    { type: "turn.failed", error: { message: "unexpected status 401 Unauthorized" } },
  ],
};
const gemini: Record<string, unknown[]> = {
  answer: [
    { type: "init", timestamp: "t", session_id: "s", model: "gemini-x" },
    { type: "message", timestamp: "t", role: "user", content: prompt },
    { type: "message", timestamp: "t", role: "assistant", content: "Hello ", delta: true },
    { type: "message", timestamp: "t", role: "assistant", content: "there", delta: true },
    {
      type: "result",
      timestamp: "t",
      status: "success",
      stats: { total_tokens: 6, input_tokens: 4, output_tokens: 2, cached: 1, duration_ms: 5, tool_calls: 0 },
    },
  ],
  tools: [
    { type: "message", role: "assistant", content: "Looking. ", delta: true },
    { type: "tool_use", tool_name: "run_shell_command", tool_id: "run-1", parameters: { command: "ls" } },
    { type: "tool_result", tool_id: "run-1", status: "success", output: "a b" },
    { type: "error", severity: "warning", message: "Loop detected, going on" },
    { type: "message", role: "assistant", content: "Two files.", delta: true },
    { type: "result", status: "success", stats: { total_tokens: 14, input_tokens: 9, output_tokens: 5 } },
  ],
  refuse: [
    { type: "result", status: "error", error: { type: "AuthError", message: "Please set an auth method: GEMINI_API_KEY" }, stats: {} },
  ],
};

process.stdout.write("a greeting that is not JSON\n");
for (const line of { claude, codex, gemini }[flavour][what] ?? [{ type: "unheard_of" }]) print(line);
if (what === "model") {
  // Says how it was started and what it was asked.
  const said = JSON.stringify({ args, prompt });
  if (flavour === "claude") print({ type: "result", subtype: "success", is_error: false, result: said });
}
