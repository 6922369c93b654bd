/** The built-in rules, on screens as the real programs painted them in turns with stand-ins for their models. */
import { expect, test, vi } from "vitest";

import type { ScreenSignal } from "../../host/interface.ts";
import { createScreen } from "../../host/screen.ts";
import { builtInProfiles } from "./built-in.ts";

const rule = "─".repeat(60);
const claudeBox = `${rule}\n❯\u00a0\n${rule}\n`;
const geminiBox = `${rule}\n Shift+Tab to accept edits\n${"▄".repeat(60)}\n >   Type your message or @path/to/file\n${"▀".repeat(60)}\n workspace (/directory)     sandbox     /model\n`;
const codexBox = "› Ask Codex to do anything\n\n  gpt-5.5 default · /work\n  ← for agents · ? for shortcuts\n";

const screens: [profile: string, what: string, state: string, screen: string][] = [
  ["claude", "an empty prompt", "idle", `${claudeBox}  ⏸ manual mode on · ? for shortcuts · ← for agents`],
  ["claude", "after a turn", "idle", `❯ say hello\n\n● SAY HELLO\n\n✻ Worked for 0s · done 5:19 PM\n\n${claudeBox}  ⏸ manual mode on`],
  [
    "claude",
    "an answer that speaks of a question",
    "idle",
    `● It says: Do you want to proceed?\n    ❯ 1. Yes\n\n${claudeBox}  ⏸ manual mode on`,
  ],
  [
    "claude",
    "a turn",
    "working",
    `❯ say hello\n\n· Thundering…\n\n${claudeBox}  ⏵⏵ auto mode on (shift+tab to cycle) · esc to interrupt · ← for agents`,
  ],
  [
    "claude",
    "a turn without the hint",
    "working",
    `  Ran 1 shell command\n\n✢ Topsy-turvying… (1s · ↓ 9 tokens)\n  ⎿  Tip: Use /memory to view and manage Claude memory\n\n${claudeBox}  ⏸ manual mode on`,
  ],
  [
    "claude",
    "a command",
    "waitingPermission",
    ` Bash command\n As asked\n${"╌".repeat(60)}\n touch made\n${"╌".repeat(60)}\n Do you want to proceed?\n ❯ 1. Yes\n   2. Yes, and always allow access to work from this project\n   4. No\n\n Esc to cancel · Tab to amend`,
  ],
  [
    "claude",
    "a question in the place of the prompt",
    "waitingInput",
    `${rule}\n  Make auto mode your default permission mode?\n\n  Auto mode lets Claude handle permission prompts automatically.\n\n  ❯ Yes, set auto mode as my default permission mode\n    No, keep manual mode`,
  ],
  [
    "claude",
    "an automatic mode that cannot be",
    "waitingInput",
    `${rule}\n  Auto mode can't check actions in this session\n\n  Enter to stay in auto mode · shift+Tab to leave for accept edits mode and stop · Esc to cancel`,
  ],
  ["codex", "an empty prompt", "idle", codexBox],
  [
    "codex",
    "a command",
    "waitingPermission",
    "  Would you like to run the following command?\n\n  Reason: May I do as asked?\n\n  $ touch made\n\n› 1. Yes, proceed (y)\n  2. Yes, and don't ask again\n  3. No, and tell Codex what to do differently (esc)\n\n  Press enter to confirm or esc to cancel",
  ],
  [
    "codex",
    "a folder that is not trusted",
    "waitingInput",
    "  Folder access\n  /work\n\n  Opening will not change saved trust.\n\n› 1. Open restricted\n  2. Back to Agent Command Center\n\n  enter continue · esc back",
  ],
  [
    "codex",
    "an offer in the place of the prompt",
    "waitingInput",
    "  Meet GPT-6 Sol\n\n  Our latest Sol is more intelligent.\n\n› 1. Try new model\n  2. Use existing model\n\n  enter/esc confirm · ^c quit",
  ],
  ["gemini", "a prompt that it holds until it is up", "working", `  Queued (press ↑ to edit):\n    say hello\n\n${geminiBox}`],
  ["gemini", "an empty prompt", "idle", `✦ SAY HELLO\n\n                    ? for shortcuts\n${geminiBox}`],
  ["gemini", "a turn", "working", `✦ SAY\n\n ⠧ Thinking... (esc to cancel, 2s)      ? for shortcuts\n${geminiBox}`],
  [
    "gemini",
    "a command",
    "waitingPermission",
    "╭────────╮\n│ ? Shell  touch made │\n│ Allow execution of [Shell]?      │\n│                                  │\n│ ● 1. Allow once                  │\n│   2. Allow for this session      │\n│   3. No, suggest changes (esc)   │\n╰────────╯",
  ],
  [
    "gemini",
    "a folder that is not trusted",
    "waitingInput",
    " │ Do you trust the files in this folder?      │\n │ ● 1. Trust folder (work)   │\n │   3. Don't trust     │",
  ],
];

const titles: [profile: string, title: string, state: string][] = [
  ["claude", "✳ Claude Code", "idle"],
  ["claude", "◐ Claude Code", "working"],
  ["claude", "◑ Say hello", "working"],
  ["codex", "⠧ work", "working"],
  ["codex", "[ ! ] Action Required | work", "waitingPermission"],
  ["codex", "[ . ] Action Required | work", "waitingPermission"],
  ["gemini", "◇  Ready (work)", "idle"],
  ["gemini", "✦  Working… (work)", "working"],
  ["gemini", "✋  Action Required (work)", "waitingPermission"],
];

async function told(profile: string, bytes: string, source: ScreenSignal["source"]): Promise<string> {
  const rules = builtInProfiles("/bin/sh").find(({ name }) => name === profile)?.rules ?? [];
  const signals: ScreenSignal[] = [];
  const events = { reply: () => {}, title: () => {}, signal: (signal: ScreenSignal) => void signals.push(signal), settled: () => {} };
  const screen = createScreen({ cols: 100, rows: 30, scrollbackLines: 50, rules }, events);
  screen.write(Buffer.from(bytes), () => {});
  const found = () => signals.find((signal) => signal.source === source);
  await vi.waitFor(() => expect(found()).toBeDefined(), { interval: 5, timeout: 5000 });
  screen.dispose();
  return found()?.state ?? "nothing";
}

test.concurrent.each(screens)("%s shows %s: %s", async (profile, _what, state, screen) => {
  expect(await told(profile, screen.replaceAll("\n", "\r\n"), "screen")).toBe(state);
});

test.concurrent.each(titles)("%s has the title %s: %s", async (profile, title, state) => {
  expect(await told(profile, `\u001b]0;${title}\u0007`, "title")).toBe(state);
});
