/** A user at a terminal in which Gantry runs, and the proof that it shows what a program painted. */
import { join } from "node:path";

import { attachOverWebSocket } from "./attach.ts";
import { type BareTerminal, startBareTerminal } from "./bare-terminal.ts";
import { repository, type TestDaemon } from "./daemon.ts";
import { differences, type Painted, paintedBy } from "./terminal-cells.ts";
import { until } from "./until.ts";

export const size = { cols: 100, rows: 30 };
const gantry = join(repository, "packages/cli/bin/gantry.js");
const patient = { timeoutMs: 25_000, intervalMs: 100 };

/** `gantry <args>` in a bare terminal: what a user sees. */
export function inTerminal(daemon: TestDaemon, args: string[], env: Record<string, string> = {}): BareTerminal {
  // Colours and all: NO_COLOR would reach the program.
  const { NO_COLOR: _noColor, ...own } = daemon.env;
  return startBareTerminal(process.execPath, [gantry, ...args], { ...size, cwd: daemon.folder, env: { ...own, ...env } });
}

/** The environment that a session's program finds, as far as it can matter to a screen. */
export function sessionEnv(daemon: TestDaemon, more: Record<string, string> = {}): Record<string, string> {
  const { PATH = "", HOME = "", LANG = "" } = daemon.env;
  return { PATH, HOME, LANG, TERM: "xterm-256color", COLORTERM: "truecolor", SHELL: "/bin/sh", ...more };
}

/** What differs in the end; given time, because a screen comes in pieces. */
async function settledDifferences(shown: () => Painted, wanted: () => Painted): Promise<string[]> {
  const look = (): string[] => differences(shown(), wanted());
  await until("the screens to be equal", look, (found) => found.length === 0, patient).catch(() => undefined);
  return look();
}

/** Where a user's screen that is attached from the start differs from what is wanted, and where a late viewer's, from a snapshot, from that. */
export async function differencesShown(
  daemon: TestDaemon,
  user: BareTerminal,
  id: string,
  wanted: Painted,
): Promise<{ attached: string[]; late: string[] }> {
  const attached = await settledDifferences(
    () => paintedBy(user.terminal),
    () => wanted,
  );
  const viewer = await attachOverWebSocket(daemon.url, daemon.key, id);
  // Some programs pulse a word: at any moment both show the same.
  const late = await settledDifferences(
    () => paintedBy(viewer.terminal),
    () => paintedBy(user.terminal),
  );
  viewer.close();
  await viewer.closed;
  return { attached, late };
}

/** Of differencesShown. */
export const none = { attached: [], late: [] };
