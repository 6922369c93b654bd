/** Plays an asciicast in this terminal: in its own time, or in steps, with keys; on anything else than a terminal, at once. */
import type { Cast } from "@gantry/contract/cast";
import { createLocalTerminal } from "./local-terminal.ts";

export interface PlayOptions {
  speed: number;
  idleLimitMs: number | undefined;
}

const ctrlC = 0x03;

export async function playCast({ cols, rows, events }: Cast, options: PlayOptions): Promise<void> {
  const { stdout, stdin } = process;
  if (!stdout.isTTY) {
    for (const { code, data } of events) if (code === "o") stdout.write(data);
    return;
  }
  if (stdout.columns < cols || stdout.rows < rows) {
    process.stderr.write(
      `gantry: recorded in ${cols}x${rows}, this terminal has ${stdout.columns}x${stdout.rows}; some of it may look wrong\n`,
    );
  }
  const now = { speed: options.speed, paused: false, stepping: false, over: false };
  let wake: () => void = () => {};
  const terminal = createLocalTerminal({ raw: true });
  const keys: Record<string, () => void> = {
    " ": () => (now.paused = !now.paused),
    ".": () => (now.stepping = now.paused),
    "+": () => (now.speed = Math.min(now.speed * 2, 100)),
    "-": () => (now.speed = Math.max(now.speed / 2, 0.1)),
    q: () => (now.over = true),
  };
  const press = (byte: number): void => {
    if (byte === ctrlC) now.over = true;
    else keys[String.fromCharCode(byte)]?.();
  };
  if (stdin.isTTY) {
    terminal.onInput((bytes) => {
      bytes.forEach(press);
      wake();
    });
  }
  const woken = (afterMs?: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = afterMs === undefined ? undefined : setTimeout(resolve, afterMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  try {
    terminal.makeRoom();
    for (const { afterMs, code, data } of events) {
      let leftMs = Math.min(afterMs, options.idleLimitMs ?? afterMs);
      while (!now.over && !now.stepping && (now.paused || leftMs > 0)) {
        const [beganMs, waited, factor] = [performance.now(), !now.paused, now.speed];
        await woken(waited ? leftMs / factor : undefined);
        if (waited) leftMs -= (performance.now() - beganMs) * factor;
      }
      if (now.over) break;
      if (code !== "o") continue;
      now.stepping = false;
      await new Promise<void>((resolve) => terminal.write(Buffer.from(data), resolve));
    }
  } finally {
    terminal.restore();
  }
  process.stderr.write(now.over ? "\n[stopped]\n" : "\n[the recording ends here]\n");
}
