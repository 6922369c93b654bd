/** What the page keeps of an execution's output: lines, told apart by stream, the newest only. Escape sequences are left out. */

export interface OutputLine {
  number: number;
  stream: "stdout" | "stderr";
  text: string;
}

export interface OutputBuffer {
  append(stream: "stdout" | "stderr", text: string): void;
  /** A new array after each change, so that React notices. */
  lines(): readonly OutputLine[];
  /** Lines that were dropped to keep the page quick. */
  dropped(): number;
}

/** CSI, OSC, and two-character sequences of ECMA-48. The daemon keeps the bytes; the page shows what can be read. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const escapes = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const unprintable = /[\u0000-\u0008\u000b-\u001f\u007f]/g;

export function createOutputBuffer(keptLines = 5_000): OutputBuffer {
  let kept: OutputLine[] = [];
  let next = 1;
  let dropped = 0;
  /** The unfinished line of each stream; the two must not run into each other. */
  const open: Record<"stdout" | "stderr", OutputLine | undefined> = { stdout: undefined, stderr: undefined };

  return {
    append(stream, text) {
      const pieces = text.replaceAll("\r\n", "\n").split("\n");
      for (const [index, piece] of pieces.entries()) {
        const last = index === pieces.length - 1;
        if (last && piece === "") {
          if (pieces.length > 1) open[stream] = undefined;
          break;
        }
        const before = open[stream];
        const line = { number: before?.number ?? next++, stream, text: (before?.text ?? "") + clean(piece) };
        if (before === undefined) kept.push(line);
        else kept = kept.map((each) => (each === before ? line : each));
        open[stream] = last ? line : undefined;
      }
      const excess = kept.length - keptLines;
      dropped += Math.max(0, excess);
      kept = kept.slice(Math.max(0, excess));
    },
    lines: () => kept,
    dropped: () => dropped,
  };
}

/** A carriage return writes over the line: what came last is what one sees, as with a progress bar. */
function clean(piece: string): string {
  const shown = piece.replaceAll(escapes, "");
  const overwritten = shown.endsWith("\r") ? shown.slice(0, -1) : shown;
  return overwritten.slice(overwritten.lastIndexOf("\r") + 1).replaceAll(unprintable, "");
}
