/** OpenAI's Codex CLI. */
import type { ProfileDefinition } from "./definition.ts";
import { codexStream } from "./stream-states.ts";

export const codex: ProfileDefinition = {
  name: "codex",
  binary: "codex",
  install: "npm install -g @openai/codex",
  help: [["--help"], ["exec", "--help"], ["resume", "--help"]],
  args: ["-c", "check_for_update_on_startup=false"],
  // Its own daemon would keep the conversation outside of the session.
  optionalArgs: ["--no-daemon"],
  resume: { latest: ["resume", "--last"], one: ["resume", "{id}"] },
  headless: ["exec", "--json"],
  stream: codexStream,
  fullAccess: ["--dangerously-bypass-approvals-and-sandbox"],
  env: {},
  signIn: { files: ["~/.codex/auth.json"], env: ["OPENAI_API_KEY", "CODEX_API_KEY"] },
  kind: "agent",
  triedWith: "0.169.0",
  interruptKey: "escape",
  rules: [
    {
      state: "waitingPermission",
      in: "bottom",
      match: String.raw`Would you like to (run|make|grant|allow)|Allow command\?|Press enter to confirm or esc to cancel`,
    },
    { state: "working", in: "bottom", match: String.raw`esc to interrupt` },
    {
      state: "waitingInput",
      in: "screen",
      match: String.raw`Sign in with ChatGPT|Do you trust the contents|Press enter to continue|Finish signing in|enter continue · esc back`,
    },
    { state: "waitingPermission", in: "title", match: String.raw`^\[ . \] Action Required` },
    // While it writes its answer, only the title moves.
    { state: "working", in: "title", match: "^[⠀-⣿] " },
    // The sign of the prompt marks a dialog's choice too, which has a number.
    { state: "waitingInput", in: "bottom", match: String.raw`^\s*› \d+\. ` },
    { state: "idle", in: "bottom", match: String.raw`^\s*[›▌](\s|$)` },
  ],
};
