/** The user's own terminal while it shows a session: raw input, size, and its former state back on every way out. */
import { writeSync } from "node:fs";

import { withVerticalTabs } from "./bare-line-feeds.ts";

export interface LocalTerminal {
  /** undefined when the output is no terminal. */
  size(): { cols: number; rows: number } | undefined;
  /** Calls back when it has been taken by the terminal. */
  write(bytes: Uint8Array, done?: () => void): void;
  /** To stderr, which only a session between pipes has. */
  writeError(bytes: Uint8Array, done?: () => void): void;
  /** A line of our own: over the last row until `redraw`, or between what the program shows where there is no screen. */
  notice(text: string): void;
  /** Ready for a snapshot in place of all that is shown. */
  redraw(): void;
  /** Makes room for a session's screen without losing what the terminal shows now. */
  makeRoom(): void;
  onInput(listener: (bytes: Uint8Array) => void): void;
  /** There is no more input. */
  onInputEnd(listener: () => void): void;
  /** Ctrl-C and Ctrl-\ while the terminal is not raw, which is so for a session between pipes. */
  onInterrupt(listener: (signal: "SIGINT" | "SIGQUIT") => void): void;
  onResize(listener: (size: { cols: number; rows: number }) => void): void;
  restore(): void;
}

/**
 * Undoes what programs switch on, and leaves the cursor: alternate screen, application keys, mouse, focus and paste reports, hidden cursor, margins,
 * insert and charset modes, colours, kitty's keyboard levels, modifyOtherKeys, cursor style; and the title from before.
 */
const resetModes =
  "\u001b[?1049l\u001b[?1l\u001b>\u001b[?9l\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1005l\u001b[?1006l\u001b[?1015l\u001b[?1016l" +
  "\u001b[?1004l\u001b[?2004l\u001b[?2026l\u001b[?7h\u001b[?25h\u001b[4l\u001b7\u001b[r\u001b8\u001b(B\u000f\u001b[0m" +
  "\u001b[<16u\u001b[>4m\u001b[0 q";
const reset = `${resetModes}\u001b[23;0t`;
/** Also moves the cursor to the first row, onto what is shown there: only for a program that may have set it. */
const resetOrigin = "\u001b[?6l";
const setsOrigin = ["\u001b[?6h", "\u001b[?6;"];
/** On a screen without an alternate one the next line must not be written over what is shown. */
const toLastRow = "\u001b[999;1H";
const saveTitle = "\u001b[22;0t";

/** `raw`: keys go to the program one by one, as its own terminal has them; otherwise this terminal keeps its line editing. */
export function createLocalTerminal({ raw }: { raw: boolean }): LocalTerminal {
  const { stdin, stdout, stderr } = process;
  const isScreen = stdout.isTTY;
  let restored = false;
  let hasOrigin = false;
  let interrupted: ((signal: "SIGINT" | "SIGQUIT") => void) | undefined;
  const restore = (): void => {
    if (restored) return;
    restored = true;
    if (stdin.isTTY && raw) stdin.setRawMode(false);
    stdin.pause();
    if (!isScreen || !raw) return;
    try {
      // Synchronous: this also runs while the process exits.
      writeSync(1, hasOrigin ? `${resetOrigin}${toLastRow}${reset}` : reset);
    } catch {
      // The terminal is gone, and with it the need.
    }
  };
  process.once("exit", restore);
  for (const [signal, number] of [
    ["SIGTERM", 15],
    ["SIGHUP", 1],
    ["SIGINT", 2],
    ["SIGQUIT", 3],
  ] as const) {
    process.on(signal, () => {
      if (interrupted !== undefined && (signal === "SIGINT" || signal === "SIGQUIT")) return interrupted(signal);
      restore();
      process.exit(128 + number);
    });
  }
  if (stdin.isTTY && raw) stdin.setRawMode(true);
  if (isScreen && raw) stdout.write(saveTitle);
  return {
    size: () => (isScreen ? { cols: stdout.columns, rows: stdout.rows } : undefined),
    write(bytes, done) {
      const given = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      hasOrigin ||= isScreen && raw && setsOrigin.some((sequence) => given.includes(sequence));
      stdout.write(isScreen && raw ? withVerticalTabs(bytes) : bytes, done);
    },
    writeError: (bytes, done) => void stderr.write(bytes, done),
    notice(text) {
      if (!isScreen || !raw) {
        stderr.write(stdin.isTTY && raw ? `\r\n${text}\r\n` : `${text}\n`);
        return;
      }
      const room = Math.max(1, stdout.columns - 3);
      const shown = text.length > room ? `${text.slice(0, room - 1)}…` : text;
      stdout.write(`\u001b7\u001b[?6l\u001b[${stdout.rows};1H\u001b(B\u000f\u001b[0;7m ${shown} \u001b[0m\u001b[K\u001b8`);
    },
    redraw() {
      if (isScreen) stdout.write(`${resetOrigin}${resetModes}\u001b[H\u001b[2J`);
    },
    makeRoom() {
      if (isScreen) stdout.write(`${"\n".repeat(Math.max(0, stdout.rows - 1))}\u001b[H\u001b[2J`);
    },
    onInput: (listener) => void stdin.on("data", listener),
    onInputEnd: (listener) => void stdin.once("end", listener),
    onInterrupt: (listener) => (interrupted = listener),
    onResize: (listener) =>
      void stdout.on("resize", () => {
        listener({ cols: stdout.columns, rows: stdout.rows });
      }),
    restore,
  };
}
