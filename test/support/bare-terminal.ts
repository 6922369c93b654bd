/** A program in a bare pseudo-terminal, painted by a bare headless terminal: what a screen looks like without Gantry. */
import { setTimeout as delay } from "node:timers/promises";

import { spawn } from "@lydell/node-pty";

import { createTestTerminal, type TestTerminal, textOf } from "./terminal-cells.ts";
import { until } from "./until.ts";

export interface BareTerminal extends AsyncDisposable {
  terminal: TestTerminal;
  pid: number;
  type(text: string): void;
  shows(text: string): Promise<unknown>;
  /** Nothing was painted for `quietMs`. */
  settles(quietMs?: number): Promise<void>;
  exited: Promise<number>;
}

export interface BareOptions {
  cwd: string;
  env: Record<string, string>;
  cols: number;
  rows: number;
}

/** Programs choose colours by what the terminal says its own are: the same as Gantry says. */
const colors = { 10: "rgb:d0d0/d0d0/d0d0", 11: "rgb:1010/1010/1010", 12: "rgb:d0d0/d0d0/d0d0" };

export function startBareTerminal(file: string, args: string[], { cwd, env, cols, rows }: BareOptions): BareTerminal {
  const terminal = createTestTerminal(cols, rows);
  const pty = spawn(file, args, { cwd, env, cols, rows, name: "xterm-256color", encoding: null });
  let paintedMs = performance.now();
  let running = true;
  // With encoding null it is bytes, whatever the type says.
  pty.onData((data) =>
    terminal.write(data, () => {
      paintedMs = performance.now();
    }),
  );
  terminal.onData((reply) => pty.write(reply));
  for (const [code, color] of Object.entries(colors)) {
    terminal.parser.registerOscHandler(Number(code), (data) => {
      if (data !== "?") return false;
      pty.write(`\u001b]${code};${color}\u001b\\`);
      return true;
    });
  }
  const exited = new Promise<number>((resolve) =>
    pty.onExit(({ exitCode }) => {
      running = false;
      resolve(exitCode);
    }),
  );
  return {
    terminal,
    pid: pty.pid,
    type: (text) => pty.write(text),
    shows: (text) =>
      until(
        `the bare terminal shows ${JSON.stringify(text)}`,
        () => textOf(terminal),
        (shown) => shown.includes(text),
        { timeoutMs: 25_000 },
      ),
    async settles(quietMs = 600) {
      while (performance.now() - paintedMs < quietMs) await delay(50);
    },
    exited,
    async [Symbol.asyncDispose]() {
      try {
        if (running) process.kill(-pty.pid, "SIGKILL");
      } catch (error) {
        // It has just ended by itself, and its end was not told yet.
        if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
      }
      await exited;
      terminal.dispose();
    },
  };
}
