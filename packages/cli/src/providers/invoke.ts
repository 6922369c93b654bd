/** `gantry providers invoke`: calls a method and prints its result. Ctrl-C cancels the call at the provider. */
import { GantryError } from "@gantry/contract/errors";
import { isProgressChunk, type ProgressChunk } from "@gantry/contract/provider-protocol";

import { parseDuration } from "../output/duration.ts";
import { plain } from "../output/plain.ts";
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";
import { readInputItems } from "./input-items.ts";
import { createValueWriter } from "./write-value.ts";

interface InvokeOptions {
  args: string;
  stream?: boolean;
  inputStream?: string;
  timeout?: string;
  json?: boolean;
}

export const verb: Verb = (command, context) => {
  command
    .argument("<provider>", "the provider's name")
    .argument("<method>", "the method; see: gantry providers status <name>")
    .option("-a, --args <json>", "the parameters as JSON; - reads them from standard input", "{}")
    .option("-s, --stream", "print chunks as they come")
    .option("-i, --input-stream <file>", "go on with items for the method: JSON lines of a file, or of standard input with -")
    .option("-t, --timeout <duration>", "the whole budget, such as 30s or 2m (default: the method's own, else 60s)")
    .option("--json", "print the whole answer as JSON; with --stream one event per line")
    .addHelpText(
      "after",
      `\nA string or number is printed as it is, anything else as JSON. Exit codes: 1 an MCP tool says that it failed, 64 wrong arguments or names, 69 lost or offline,\n75 busy, 124 timed out, 130 cancelled.\n\nExamples:\n  gantry providers invoke calculator add --args '{"a":5,"b":3}'\n  gantry providers invoke calculator count --args '{"to":5,"delayMs":300}' --stream\n  seq 1 100 | gantry providers invoke adder sum --input-stream -`,
    )
    .action(async (name: string, method: string, options: InvokeOptions) => {
      if (options.args === "-" && options.inputStream === "-")
        throw new GantryError("invalidArgument", "--args - and --input-stream - cannot both read standard input; put one into a file.");
      const params = parseParams(options.args === "-" ? await readInput() : options.args);
      const { client } = await context.connect();
      const input = {
        name,
        method,
        params,
        ...(options.timeout === undefined ? {} : { timeoutMs: parseDuration(options.timeout, "--timeout") }),
      };
      const interrupted = new AbortController();
      const interrupt = () => interrupted.abort();
      process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
      const source = options.inputStream === undefined ? undefined : readInputItems(options.inputStream);
      const call = { signal: interrupted.signal, input: source?.items };
      const writer = createValueWriter();
      const noteFailure = (result: unknown) => {
        if (isToolFailure(result)) context.exitWith(toolFailed);
      };
      try {
        if (options.stream !== true) {
          const answer = await client.providers.invoke(input, call);
          noteFailure(answer.result);
          if (options.json === true) printJson(answer);
          else {
            const output = withoutProgress(answer.chunks ?? []);
            if (output.length === 0) await writer.result(answer.result);
            else await writer.chunks(output);
          }
        } else {
          for await (const event of client.providers.invoke.stream(input, call)) {
            if (event.type === "end") noteFailure(event.result);
            if (options.json === true) await writer.line(JSON.stringify(event));
            else if (event.type === "chunks") await writer.chunks(withoutProgress(event.batch, showProgress));
            // The result of a stream only sums up what was printed; alone, it is the answer.
            else if (event.type === "end" && !writer.hasWritten) await writer.result(event.result);
          }
        }
      } finally {
        source?.close();
      }
      writer.end();
      process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    });
};

/** What a tool of an MCP server says of its own failure is an answer, so it is printed; the exit status tells it apart. */
const toolFailed = 1;

function isToolFailure(result: unknown): boolean {
  const { isError, content } = (result ?? {}) as { isError?: unknown; content?: unknown };
  return isError === true && Array.isArray(content);
}

/** Progress is a notice, not output. */
function withoutProgress(chunks: unknown[], show?: (progress: ProgressChunk) => void): unknown[] {
  return chunks.filter((chunk) => {
    if (!isProgressChunk(chunk)) return true;
    show?.(chunk);
    return false;
  });
}

function showProgress({ progress, total, message }: ProgressChunk): void {
  process.stderr.write(`${progress}${total === undefined ? "" : `/${total}`}${message === undefined ? "" : ` ${plain(message)}`}\n`);
}

function parseParams(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new GantryError("invalidArgument", `--args is not JSON: ${(cause as Error).message}. In a shell, put it in single quotes.`, {
      cause,
    });
  }
}

async function readInput(): Promise<string> {
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk as string;
  return text;
}
