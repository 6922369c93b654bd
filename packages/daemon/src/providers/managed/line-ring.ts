/** Keeps the last lines that a program wrote, for the person who asks why it does not run. */
import { StringDecoder } from "node:string_decoder";

import { cleanText } from "../failure.ts";

const maxLines = 20;
const maxLineCharacters = 500;

export interface LineRing {
  write(data: Buffer | string): void;
  /** Oldest first; the last one may be unfinished. */
  lines(): string[];
  clear(): void;
}

export function createLineRing(): LineRing {
  const decoder = new StringDecoder("utf8");
  let kept: string[] = [];
  let open = "";
  const keep = (line: string) => {
    if (line.trim() === "") return;
    kept.push(cleanText(line.slice(0, maxLineCharacters)));
    if (kept.length > maxLines) kept = kept.slice(-maxLines);
  };
  return {
    write(data) {
      const parts = (open + (typeof data === "string" ? data : decoder.write(data))).split(/\r?\n/);
      // A program that never ends its line must not fill the memory.
      open = (parts.pop() as string).slice(0, maxLineCharacters);
      for (const line of parts) keep(line);
    },
    lines: () => (open.trim() === "" ? kept : [...kept, cleanText(open)].slice(-maxLines)),
    clear() {
      kept = [];
      open = "";
    },
  };
}
