/** Passes an execution's output on to this process's own standard streams, byte for byte. */
import type { OutputRecord } from "@gantry/contract";

import { plain } from "../output/plain.ts";

export interface OutputWriter {
  /** Waits for a slow reader, who thereby slows the daemon's sending. */
  write(record: OutputRecord): Promise<void>;
  /** Shown on a terminal only, in one line that the next output replaces. */
  progress(progress: { done: number; total: number | null; text: string }): void;
  /** One line about the run, not of it. */
  notice(text: string): void;
  end(): void;
}

const clearLine = "\r\u001b[2K";

export function createOutputWriter(): OutputWriter {
  // A progress line between the lines of an output that goes to the same terminal would be wiped and redrawn all the time.
  const showsProgress = process.stderr.isTTY && !process.stdout.isTTY;
  let shown = false;
  const clear = () => {
    if (shown) process.stderr.write(clearLine);
    shown = false;
  };
  return {
    async write({ stream, text, base64 }) {
      clear();
      const target = stream === "stdout" ? process.stdout : process.stderr;
      const data = text ?? Buffer.from(base64 ?? "", "base64");
      if (!target.write(data)) await new Promise((resolve) => target.once("drain", resolve));
    },
    progress({ done, total, text }) {
      if (!showsProgress) return;
      const part = total === null || total === 0 ? String(done) : `${done}/${total} (${Math.round((done / total) * 100)}%)`;
      process.stderr.write(`${clearLine}${part} ${text}`.trimEnd());
      shown = true;
    },
    notice(text) {
      clear();
      process.stderr.write(`${plain(text)}\n`);
    },
    end: clear,
  };
}
