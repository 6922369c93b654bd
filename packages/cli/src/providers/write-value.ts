/** Prints the values of a call on standard output as a person or a pipe wants them: text as text, the rest as JSON. */
import { once } from "node:events";

export interface ValueWriter {
  readonly hasWritten: boolean;
  /** Text runs on, as from a language model; anything else is one line each. Resolves when the terminal has room again. */
  chunks(values: unknown[]): Promise<void>;
  result(value: unknown): Promise<void>;
  line(text: string): Promise<void>;
  /** Ends running text with a line break. */
  end(): void;
}

export function createValueWriter(): ValueWriter {
  let isInLine = false;
  let hasWritten = false;
  const write = async (text: string) => {
    if (text === "") return;
    hasWritten = true;
    isInLine = !text.endsWith("\n");
    // Waiting here is what slows the provider when the reader is slow.
    if (!process.stdout.write(text)) await once(process.stdout, "drain");
  };
  return {
    get hasWritten() {
      return hasWritten;
    },
    chunks: (values) => write(values.map((value) => (typeof value === "string" ? forTerminal(value) : `${show(value)}\n`)).join("")),
    result: (value) => write(value === null || value === undefined ? "" : `${show(value)}\n`),
    line: (text) => write(`${text}\n`),
    end() {
      if (isInLine) process.stdout.write("\n");
    },
  };
}

function show(value: unknown): string {
  if (typeof value === "string") return forTerminal(value);
  return typeof value === "object" && value !== null ? JSON.stringify(value, null, 2) : JSON.stringify(value);
}

/** A provider's text must not move the cursor or set the title; in a pipe it stays as it is. */
function forTerminal(text: string): string {
  if (!process.stdout.isTTY) return text;
  // oxlint-disable-next-line no-control-regex -- control characters are what this takes out
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}
