/** The items of `--input-stream`: JSON lines of a file or of standard input, read as fast as the provider takes them. */
import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";

import { GantryError } from "@gantry/contract/errors";
import { createJsonLinesReader } from "@gantry/contract/json-lines";

export interface InputItems {
  items: AsyncIterable<unknown>;
  /** Lets go of standard input, which would keep the process alive. */
  close(): void;
}

/** As for one message of a call. */
const maxLineBytes = 4 * 1024 * 1024;

export function readInputItems(file: string): InputItems {
  const source: Readable = file === "-" ? process.stdin : createReadStream(file);
  return { items: parse(source, file === "-" ? "standard input" : file), close: () => void source.destroy() };
}

async function* parse(source: Readable, name: string): AsyncGenerator {
  const reader = createJsonLinesReader({ maxLineBytes, describe: (line) => `${name}:${line}` });
  try {
    for await (const bytes of source as AsyncIterable<Buffer>) yield* take(reader.push(bytes));
    yield* take(reader.end());
  } catch (cause) {
    if (cause instanceof GantryError) throw cause;
    throw new GantryError(
      "invalidArgument",
      `--input-stream ${name} cannot be read: ${(cause as Error).message}. The call was cancelled.`,
      {
        cause,
      },
    );
  }
}

function* take({ values, failure }: { values: unknown[]; failure?: GantryError }): Generator {
  yield* values;
  if (failure === undefined) return;
  const message = `${failure.message}. The call was cancelled; the provider may have acted on the lines before it.`;
  throw new GantryError(failure.code, message, { details: failure.details ?? {} });
}
