/** Tells what a program has printed since a mark, as text: without what it merely painted again, such as an input box. */
import type { IMarker, Terminal } from "@xterm/headless";

export interface Transcripts {
  mark(key: string): void;
  /** Ends with a line break, or is empty. */
  since(key: string): string;
}

interface Mark {
  /** The screen's first line at the time; undefined on the alternate screen, which has no past. */
  top: IMarker | undefined;
  lines: string[];
}

// Each holds a screen's text; a caller that never asks must not fill the host.
const maxMarks = 16;

export function createTranscripts(terminal: Terminal): Transcripts {
  const marks = new Map<string, Mark>();

  /** Lines as printed, however often they are wrapped. */
  const linesFrom = (first: number): string[] => {
    const { active } = terminal.buffer;
    const lines: string[] = [];
    for (let row = first; row < active.length; row += 1) {
      const line = active.getLine(row);
      const text = line?.translateToString(true) ?? "";
      if (line?.isWrapped === true && lines.length > 0) lines[lines.length - 1] += text;
      else lines.push(text);
    }
    while (lines.at(-1)?.trim() === "") lines.pop();
    return lines;
  };
  return {
    mark(key) {
      const { active } = terminal.buffer;
      const top = active.type === "normal" ? terminal.registerMarker(-active.cursorY) : undefined;
      marks.get(key)?.top?.dispose();
      marks.set(key, { top, lines: linesFrom(active.baseY) });
      const [oldest] = marks.keys();
      if (marks.size > maxMarks && oldest !== undefined) {
        marks.get(oldest)?.top?.dispose();
        marks.delete(oldest);
      }
    },
    since(key) {
      const { active } = terminal.buffer;
      const { top, lines: before } = marks.get(key) ?? { top: undefined, lines: [] };
      const isSame = active.type === "normal" && top !== undefined && !top.isDisposed;
      const first = isSame ? top.line : active.type === "alternate" ? active.baseY : 0;
      return without(before, linesFrom(first));
    },
  };
}

/** What `after` has more than `before`, which it may begin and end with. */
function without(before: readonly string[], after: readonly string[]): string {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end += 1;
  const lines = after.slice(start, after.length - end).map((line) => line.trimEnd());
  while (lines[0]?.trim() === "") lines.shift();
  while (lines.at(-1)?.trim() === "") lines.pop();
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}
