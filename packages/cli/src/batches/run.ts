/** `gantry batch run`: the items of a file as one batch. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { text } from "node:stream/consumers";
import { Option } from "commander";

import { inFile, readBatchItems } from "@gantry/client/batch-items";
import type { Batch, BatchEvent, OperationInput, batchOperations } from "@gantry/contract";
import { GantryError } from "@gantry/contract/errors";

import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";
import { followBatch } from "./follow-batch.ts";

interface RunOptions {
  concurrency?: string;
  stopOnError?: boolean;
  command?: string;
  name?: string;
  format?: string;
  detach?: boolean;
  json?: boolean;
}

export const verb: Verb = (command, context) => {
  command
    .argument("<file>", "JSON lines or CSV; - reads standard input")
    .option("-c, --concurrency <number>", "so many items at once; default 10")
    .option("--stop-on-error", "begin no more items after the first failure")
    .option("--command <command>", "run this for items that name no command")
    .option("--name <name>", "for people, in gantry batch list")
    .addOption(new Option("--format <format>", "when the file's name does not say it").choices(["jsonl", "csv"]))
    .option("-d, --detach", "print the batch's id and leave it running")
    .option("--json", "print the summary as JSON")
    .addHelpText(
      "after",
      `
The exit code is 0 when every item has succeeded, 1 when one has not, 130 when the batch was cancelled.

A line of a .jsonl file is one item:
  {"id": "build", "command": "make", "input": {"target": "all"}}
  {"id": "test", "command": "make", "input": {"target": "test"}, "needs": ["build"]}
A .csv file has a head; id, command, needs, timeoutMs, priority, and tags are of the item, every other column is an option of the command:
  id,command,needs,name
  first,greet,,Ada
  second,greet,first,Grace

Examples:
  gantry batch run examples/batches/greetings.jsonl
  gantry batch run --command greet --concurrency 4 --stop-on-error examples/batches/names.csv`,
    )
    .action(async (file: string, { detach, json, ...options }: RunOptions) => {
      const { input, lines } = await readInput(file, options);
      const { client, connection } = await context.connect();
      try {
        if (detach === true) {
          const batch: Batch = await client.batches.create(input);
          if (json === true) printJson(batch);
          else process.stdout.write(`${batch.batchId}\n`);
          return;
        }
        const events = connection.stream("batches.create", input) as AsyncIterable<BatchEvent>;
        await followBatch(events, { json: json === true, cancelOnInterrupt: true }, context);
      } catch (error) {
        throw inFile(error, file, lines);
      }
    });
};

async function readInput(
  file: string,
  { concurrency, stopOnError, command, name, format }: RunOptions,
): Promise<{ input: OperationInput<typeof batchOperations.create>; lines: number[] }> {
  const chosen = format ?? (/\.csv$/i.test(file) ? "csv" : "jsonl");
  if (chosen !== "csv" && chosen !== "jsonl")
    throw new GantryError("invalidArgument", `--format ${JSON.stringify(format)}: jsonl or csv is allowed.`);
  if (concurrency !== undefined && !/^\d+$/.test(concurrency))
    throw new GantryError("invalidArgument", `--concurrency ${JSON.stringify(concurrency)}: a number from 1 to 1000 is allowed.`);
  let content: string;
  try {
    content = file === "-" ? await text(process.stdin) : await readFile(file, "utf8");
  } catch (cause) {
    throw new GantryError("invalidArgument", `${file} cannot be read: ${(cause as Error).message}. Nothing was run.`, { cause });
  }
  const { items, lines } = await readBatchItems(content, { file, format: chosen, command });
  const input = {
    // As `gantry run` does: here, unless an item says where.
    items: items.map((item) => ({ ...item, cwd: resolve(item.cwd ?? ".") })),
    ...(concurrency === undefined ? {} : { concurrency: Number(concurrency) }),
    ...(name === undefined ? {} : { name }),
    stopOnError: stopOnError === true,
  };
  return { input, lines };
}
