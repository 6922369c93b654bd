/** Writes a session's life as asciicast v3, https://docs.asciinema.org/manual/asciicast/v3/: a header, then one line for each event. */
import type { ChildStream } from "./interface.ts";

export interface CastFacts {
  cols: number;
  rows: number;
  startTimeMs: number;
  title: string;
  command: string;
}

export interface CastWriter {
  output(stream: ChildStream, bytes: Uint8Array, timeMs: number): void;
  input(bytes: Uint8Array, timeMs: number): void;
  resize(cols: number, rows: number, timeMs: number): void;
  marker(label: string, timeMs: number): void;
  exit(status: number, timeMs: number): void;
  /** The lines that are complete; a run of output that may still grow is held back unless `all`. */
  take(all: boolean): string;
}

// Programs paint one frame with several writes: what comes this close together is one event.
const runMs = 8;
const runCharacters = 64 * 1024;

export function createCastWriter(facts: CastFacts): CastWriter {
  const decoders = [0, 1, 2].map(() => new TextDecoder("utf-8", { ignoreBOM: true })) as [TextDecoder, TextDecoder, TextDecoder];
  const { cols, rows, startTimeMs, title, command } = facts;
  const header = {
    version: 3,
    term: { cols, rows, type: "xterm-256color" },
    timestamp: Math.floor(startTimeMs / 1000),
    ...(title === "" ? {} : { title }),
    command,
  };
  let lines = `${JSON.stringify(header)}\n`;
  /** Times are written as distances: each is taken from what was written, so that roundings do not add up. */
  let writtenMs = startTimeMs;
  let run = "";
  let runStartMs = 0;

  const event = (code: string, data: string, timeMs: number): void => {
    const atMs = Math.max(writtenMs, Math.round(timeMs));
    lines += `${JSON.stringify([(atMs - writtenMs) / 1000, code, data])}\n`;
    writtenMs = atMs;
  };
  const endRun = (): void => {
    if (run === "") return;
    event("o", run, runStartMs);
    run = "";
  };
  const later = (code: string, data: string, timeMs: number): void => {
    endRun();
    event(code, data, timeMs);
  };
  return {
    output(stream, bytes, timeMs) {
      const text = decoders[stream].decode(bytes, { stream: true });
      if (text === "") return;
      if (run !== "" && (timeMs - runStartMs > runMs || run.length > runCharacters)) endRun();
      if (run === "") runStartMs = timeMs;
      run += text;
    },
    input(bytes, timeMs) {
      const text = decoders[0].decode(bytes, { stream: true });
      if (text !== "") later("i", text, timeMs);
    },
    resize: (newCols, newRows, timeMs) => later("r", `${newCols}x${newRows}`, timeMs),
    marker: (label, timeMs) => later("m", label, timeMs),
    exit(status, timeMs) {
      // A character that the program left incomplete.
      run += decoders[1].decode() + decoders[2].decode();
      later("x", String(status), timeMs);
    },
    take(all) {
      if (all || run.length > runCharacters) endRun();
      const taken = lines;
      lines = "";
      return taken;
    },
  };
}
