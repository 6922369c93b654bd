/** Reads JSON lines (application/x-ndjson) piece by piece, and tells of a wrong one with its number. Loads no schema library. */
import { GantryError } from "./errors.ts";

export const jsonLinesType = "application/x-ndjson";

export interface JsonLinesOptions {
  /** The most that one line may weigh. */
  maxLineBytes: number;
  /** Names a line in messages, such as `items.jsonl:7`. */
  describe(line: number): string;
}

/** Values of the lines that are complete; with a failure when the next one is wrong, after which nothing more is read. */
export interface JsonLinesPart {
  values: unknown[];
  failure?: GantryError;
}

export interface JsonLinesReader {
  push(bytes: Uint8Array): JsonLinesPart;
  /** The last line needs no line break. */
  end(): JsonLinesPart;
}

export function createJsonLinesReader({ maxLineBytes, describe }: JsonLinesOptions): JsonLinesReader {
  // Not in each line's own decoder: a character may be cut in two by the pieces.
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  /** The line that is not complete yet; put together once, so that a long line in many pieces costs no more than a short one. */
  let begun: string[] = [];
  let begunBytes = 0;

  const wrong = (what: string, code: "invalidArgument" | "payloadTooLarge" = "invalidArgument") =>
    new GantryError(code, `${describe(line)}: ${what}`, { details: { line } });
  const tooLong = () => wrong(`this line is larger than the limit of ${maxLineBytes} bytes`, "payloadTooLarge");

  const read = (text: string): JsonLinesPart => {
    const values: unknown[] = [];
    const lines = text.split("\n");
    const rest = lines.pop() as string;
    for (const part of lines) {
      const whole = begun.length === 0 ? part : [...begun, part].join("");
      begun = [];
      begunBytes = 0;
      if (whole.length > maxLineBytes) return { values, failure: tooLong() };
      if (whole.trim() !== "") {
        try {
          values.push(JSON.parse(whole));
        } catch (error) {
          return { values, failure: wrong(`this is no JSON (${(error as Error).message})`) };
        }
      }
      line += 1;
    }
    if (rest !== "") begun.push(rest);
    begunBytes += rest.length;
    return begunBytes > maxLineBytes ? { values, failure: tooLong() } : { values };
  };

  const decoded = (bytes: Uint8Array | undefined): JsonLinesPart => {
    let text: string;
    try {
      text = bytes === undefined ? `${decoder.decode()}\n` : decoder.decode(bytes, { stream: true });
    } catch {
      return { values: [], failure: wrong("this line or one soon after it is no UTF-8") };
    }
    return read(text);
  };

  return { push: decoded, end: () => decoded(undefined) };
}
