/** Cursor's agent for the terminal. */
import type { ProfileDefinition } from "./definition.ts";
import { cursorStream } from "./stream-states.ts";

export const cursor: ProfileDefinition = {
  name: "cursor",
  binary: "cursor-agent",
  places: ["~/.local/bin/cursor-agent"],
  install: "curl https://cursor.com/install -fsS | bash",
  help: [["--help"]],
  args: [],
  optionalArgs: [],
  resume: { latest: ["resume"], one: ["--resume", "{id}"] },
  headless: ["-p", "--output-format", "stream-json"],
  stream: cursorStream,
  fullAccess: ["--force"],
  env: {},
  signIn: { files: ["~/.config/cursor/auth.json"], env: ["CURSOR_API_KEY"] },
  kind: "agent",
  interruptKey: "ctrl-c",
  rules: [
    { state: "waitingPermission", in: "bottom", match: String.raw`Run this command\?|Waiting for approval|\(y\)` },
    { state: "working", in: "bottom", match: String.raw`(ctrl\+c|esc) to (stop|interrupt)` },
    { state: "waitingInput", in: "screen", match: String.raw`Press any key to (log|sign) in|Workspace Trust Required` },
    { state: "idle", in: "bottom", match: String.raw`→ |Add a follow-up|Plan, search, build anything` },
  ],
};
