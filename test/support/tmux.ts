/** A real terminal with real keystrokes, for programs that must behave well in one: tmux, driven from outside. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

import { until } from "./until.ts";

export interface Tmux extends Disposable {
  /** What the terminal shows. */
  screen(): string;
  /** Key names of tmux, such as C-c or Enter. */
  keys(...names: string[]): void;
  /** Typed as it is. */
  type(text: string): void;
  resize(cols: number, rows: number): void;
  /** A fact about the pane, in tmux's format language, such as `alternate_on`. */
  fact(name: string): string;
  shows(text: string): Promise<unknown>;
}

export function startTmux(folder: string, argv: string[], env: Record<string, string>, cols = 100, rows = 30): Tmux {
  const socket = join(mkdtempSync(join(folder, "tmux-")), "sock");
  const run = (...args: string[]): string =>
    execFileSync("tmux", ["-S", socket, "-f", "/dev/null", ...args], {
      encoding: "utf8",
      env: { ...env, LANG: "C.UTF-8", TERM: "xterm-256color" },
    });
  run("new-session", "-d", "-s", "test", "-x", String(cols), "-y", String(rows), "-c", folder, ...argv);
  const tmux: Tmux = {
    screen: () => run("capture-pane", "-p", "-t", "test"),
    keys: (...names) => void run("send-keys", "-t", "test", ...names),
    type: (text) => void run("send-keys", "-t", "test", "-l", text),
    resize: (newCols, newRows) => void run("resize-window", "-t", "test", "-x", String(newCols), "-y", String(newRows)),
    fact: (name) => run("display-message", "-p", "-t", "test", `#{${name}}`).trim(),
    shows: (text) =>
      until(
        `the terminal shows ${JSON.stringify(text)}`,
        () => tmux.screen(),
        (screen) => screen.includes(text),
      ),
    [Symbol.dispose]() {
      run("kill-server");
      rmSync(socket, { force: true });
    },
  };
  return tmux;
}
