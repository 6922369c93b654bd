/**
 * A scripted agent for tests: paints, asks, and calls hooks as the real ones do, but does what it is told.
 *
 * Started by `writeFakeAgent`. Prompts: `say <text>`, `until <file>` (works until the file is there), `permission`, `die`, `deaf` (reads no
 * more), `silent <text>` (answers within the same repaint). Escape or Ctrl-C stops a turn, without a hook, as with the real ones.
 */
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

interface HookSettings {
  hooks?: Record<string, { hooks: { command: string }[] }[]>;
}

const { FAKE_AGENT_SIGNALS: signals = "hooks", FAKE_AGENT_LOG: log, FAKE_AGENT_DIES: dies, FAKE_AGENT_OLD: old } = process.env;
const args = process.argv.slice(2);
if (log !== undefined) appendFileSync(log, `${JSON.stringify(args)}\n`);

if (args.includes("--version")) {
  process.stdout.write("9.8.7 (Fake Agent)\n");
} else if (args.includes("--help")) {
  const flags = ["--continue", "--resume <id>", "--settings <file>", "-p, --print", "--output-format", "--input-format", "--verbose"];
  process.stdout.write(
    `Usage: fake [options] [prompt]\n\n${[...flags, ...(old === undefined ? ["--dangerously-skip-permissions"] : [])].join("\n")}\n`,
  );
} else if (dies !== undefined) {
  process.stdout.write("\u001b[31mUnable to connect to the service\u001b[0m\r\nCheck your internet connection.\r\n");
  process.exitCode = Number(dies);
} else if (args.includes("-p")) await talk();
else await interact();

/** Headless, with `--input-format stream-json`: a turn for each line, as claude prints it. */
async function talk(): Promise<void> {
  const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
  for await (const line of createInterface({ input: process.stdin })) {
    const prompt = (JSON.parse(line) as { message: { content: string } }).message.content;
    print({ type: "system", subtype: "init", session_id: "fake" });
    if (prompt.startsWith("until ")) while (!existsSync(prompt.slice(6))) await sleep(15);
    print({ type: "assistant", message: { role: "assistant", content: [{ type: "text", text: `You said: ${prompt}` }] } });
    print({ type: "result", subtype: "success", is_error: false, result: `You said: ${prompt}` });
  }
}

async function interact(): Promise<void> {
  const { stdin, stdout } = process;
  const settings = readSettings();
  let painted = 0;
  let typed = "";
  let frame = 0;
  let mode: "idle" | "working" | "asking" = "idle";
  let answer: ((yes: boolean) => void) | undefined;
  let interrupt: (() => void) | undefined;

  /** The lower part is erased and painted again; what goes above it stays, as Ink does it. */
  const paint = (above = ""): void => {
    const width = Math.max(20, stdout.columns - 1);
    const rule = "─".repeat(width - 2);
    const lower =
      mode === "asking"
        ? [`╭${rule}╮`, "  Bash command: rm -rf build", "  Do you want to proceed?", "  ❯ 1. Yes", "    2. No", `╰${rule}╯`]
        : [
            ...(mode === "working" ? [`${"✻✽✶✢"[frame % 4]} Pondering… (${frame}s · esc to interrupt)`, ""] : []),
            `╭${rule}╮`,
            `❯ ${typed}`,
            `╰${rule}╯`,
            "  ? for shortcuts",
          ];
    const erase = painted > 1 ? `\u001b[${painted - 1}A\r\u001b[J` : "\r\u001b[J";
    painted = lower.length;
    stdout.write(`\u001b[?2026h${erase}${above.replaceAll("\n", "\r\n")}${lower.join("\r\n")}\u001b[?2026l`);
  };
  const tell = async (hook: string, facts: object = {}): Promise<void> => {
    if (signals === "osc") {
      if (hook === "UserPromptSubmit" || hook === "PostToolUse") stdout.write("\u001b]9;4;3\u0007");
      if (hook === "Stop") stdout.write("\u001b]9;4;0\u0007");
      if (hook === "PermissionRequest") stdout.write("\u001b]777;notify;Fake Agent;needs your permission to use Bash\u0007");
    }
    if (signals !== "hooks") return;
    for (const { command } of settings.hooks?.[hook]?.flatMap((entry) => entry.hooks) ?? []) {
      const child = spawn("sh", ["-c", command], { stdio: ["pipe", "pipe", "inherit"] });
      child.stdin.end(JSON.stringify({ session_id: "fake", hook_event_name: hook, ...facts }));
      await new Promise((resolve) => child.once("close", resolve));
    }
  };
  const turn = async (prompt: string): Promise<void> => {
    const [word, ...rest] = prompt.split(" ");
    const stopped = new Promise<"stopped">((resolve) => (interrupt = () => resolve("stopped")));
    mode = "working";
    paint(`❯ ${prompt}\n\n`);
    await tell("UserPromptSubmit", { prompt });
    const spinner = setInterval(() => {
      frame += 1;
      if (mode === "working") paint();
    }, 60);
    let said = `You said: ${prompt}`;
    if (word === "say") said = rest.join(" ");
    if (word === "until") {
      const file = rest.join(" ");
      const seen = (async () => {
        while (!existsSync(file)) await sleep(15);
        return "seen" as const;
      })();
      said = (await Promise.race([seen, stopped])) === "seen" ? `saw it in ${readFileSync(file, "utf8")}` : "";
    }
    if (word === "permission") {
      await tell("PreToolUse", { tool_name: "Bash" });
      mode = "asking";
      const asked = new Promise<boolean>((resolve) => (answer = resolve));
      paint();
      await tell("PermissionRequest", { tool_name: "Bash" });
      const yes = await asked;
      answer = undefined;
      mode = "working";
      paint();
      if (yes) await sleep(150);
      await tell("PostToolUse", { tool_name: "Bash" });
      said = yes ? "It was allowed" : "It was refused";
    }
    if (word === "die") {
      stdout.write("\r\nfatal: told to die\r\n");
      process.exit(3);
    }
    clearInterval(spinner);
    interrupt = undefined;
    mode = "idle";
    typed = "";
    if (said === "") return paint("  ⎿ Interrupted by user\n\n");
    paint(`● ${said}\n\n`);
    if (word === "deaf") {
      stdin.pause();
      setInterval(() => {}, 60_000);
    }
    await tell("Stop");
  };

  let paste: string | undefined;
  let turning = Promise.resolve();
  const take = (key: string): void => {
    if (mode === "asking") {
      if (key === "1" || key === "\r") answer?.(true);
      if (key === "2" || key === "\u001b") answer?.(false);
    } else if (mode === "working") {
      if (key === "\u001b" || key === "\u0003") interrupt?.();
    } else if (key === "\u0003" || key === "\u0004") {
      process.exit(0);
    } else if (key === "\r") {
      const prompt = typed;
      typed = "";
      if (prompt !== "") turning = turning.then(() => turn(prompt));
    } else if (key >= " ") {
      typed += key;
      paint();
    }
  };
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  stdin.on("data", (text: string) => {
    for (let at = 0; at < text.length;) {
      if (text.startsWith("\u001b[200~", at)) {
        paste = "";
        at += 6;
      } else if (paste !== undefined && text.startsWith("\u001b[201~", at)) {
        typed += paste;
        paste = undefined;
        at += 6;
        paint();
      } else {
        if (paste === undefined) take(text[at] as string);
        else paste += text[at];
        at += 1;
      }
    }
  });
  stdout.write("\u001b[?2004h\u001b]0;✳ Fake Agent\u0007 Welcome to Fake Agent v9.8.7\r\n\r\n");
  paint();
  await tell("SessionStart", { source: "startup" });
}

function readSettings(): HookSettings {
  const at = args.indexOf("--settings");
  return at === -1 ? {} : (JSON.parse(readFileSync(args[at + 1] as string, "utf8")) as HookSettings);
}
