/** Anthropic's Claude Code. */
import type { ProfileDefinition } from "./definition.ts";
import { claudeStream } from "./stream-states.ts";

export const claude: ProfileDefinition = {
  name: "claude",
  binary: "claude",
  places: ["~/.local/bin/claude", "~/.claude/local/claude"],
  install: "npm install -g @anthropic-ai/claude-code",
  help: [["--help"]],
  args: [],
  optionalArgs: [],
  resume: { latest: ["--continue"], one: ["--resume", "{id}"] },
  headless: ["-p", "--output-format", "stream-json", "--input-format", "stream-json", "--verbose"],
  stream: claudeStream,
  fullAccess: ["--dangerously-skip-permissions"],
  env: {},
  hooks: "claude",
  signIn: { files: ["~/.claude/.credentials.json"], env: ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"] },
  kind: "agent",
  triedWith: "2.1.330",
  interruptKey: "escape",
  rules: [
    // The hint is not always there; the moving word is, and what it leaves behind when all is done has no dots.
    { state: "working", in: "bottom", match: String.raw`esc to interrupt|^[·✢✳✶✻✽*] \S+…( \(|\s*$)` },
    // The line for prompts, below a rule. Dialogs take its place, and mark their choices with the same sign.
    { state: "idle", in: "bottom", match: String.raw`─╮?\s*\n\s*│?\s*[>❯]([\s\x{a0}]|$)` },
    {
      state: "waitingPermission",
      in: "bottom",
      match: String.raw`Do you want to (proceed|make this edit|create|allow|overwrite|fetch|run)`,
    },
    {
      state: "waitingInput",
      in: "screen",
      match: String.raw`Select login method|Do you trust the files|Is this a project you|Choose the text style|Enter to (confirm|select)|Press Enter to continue`,
    },
    { state: "waitingPermission", in: "bottom", match: String.raw`❯ 1\. Yes` },
    { state: "waitingInput", in: "bottom", match: String.raw`^[ │]+❯ \S|Esc to cancel` },
    { state: "working", in: "title", match: "^[⠀-⣿◐◑◒◓] " },
    { state: "idle", in: "title", match: "^✳ " },
  ],
};
