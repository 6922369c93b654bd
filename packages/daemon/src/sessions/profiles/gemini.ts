/** Google's Gemini CLI. */
import type { ProfileDefinition } from "./definition.ts";
import { geminiStream } from "./stream-states.ts";

export const gemini: ProfileDefinition = {
  name: "gemini",
  binary: "gemini",
  install: "npm install -g @google/gemini-cli",
  help: [["--help"]],
  args: [],
  optionalArgs: [],
  resume: { latest: ["-r", "latest"], one: ["-r", "{id}"] },
  headless: ["-o", "stream-json"],
  stream: geminiStream,
  fullAccess: ["-y"],
  env: {},
  hooks: "gemini",
  signIn: { files: ["~/.gemini/oauth_creds.json"], env: ["GEMINI_API_KEY", "GOOGLE_API_KEY"] },
  kind: "agent",
  triedWith: "0.61.0",
  interruptKey: "escape",
  rules: [
    {
      state: "waitingPermission",
      in: "bottom",
      match: String.raw`Waiting for user confirmation|Allow execution of|Apply this change\?|● 1\. (Yes, allow|Allow) once`,
    },
    { state: "working", in: "bottom", match: String.raw`esc to cancel|^\s*Queued \(press` },
    {
      state: "waitingInput",
      in: "screen",
      match: String.raw`How would you like to authenticate|Do you trust (the files in )?this folder|Enter Gemini API Key|Waiting for auth(entication)?`,
    },
    { state: "waitingPermission", in: "title", match: "^✋" },
    { state: "working", in: "title", match: "^✦" },
    { state: "idle", in: "bottom", match: String.raw`Type your message` },
    { state: "idle", in: "title", match: "^◇" },
  ],
};
