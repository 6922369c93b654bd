/** Reads the items of a batch from JSON lines or CSV; what is wrong is told with its line. For Node and browsers. */
import type { OperationInput, batchOperations } from "@gantry/contract";
import { GantryError } from "@gantry/contract/errors";

export type BatchItemInput = OperationInput<typeof batchOperations.create>["items"][number];

export interface ReadBatchOptions {
  /** For messages. */
  file: string;
  format: "jsonl" | "csv";
  /** Of items that name none. */
  command: string | undefined;
}

/** Columns of a CSV file that are about the item; every other one is an option of the command. */
const itemColumns: ReadonlySet<string> = new Set(["id", "command", "needs", "timeoutMs", "priority", "tags"]);

export interface ReadBatch {
  items: BatchItemInput[];
  /** Where in the file each of them is, counted from 1. */
  lines: number[];
}

export async function readBatchItems(text: string, options: ReadBatchOptions): Promise<ReadBatch> {
  const read = options.format === "csv" ? await readCsv(text, options) : readJsonLines(text, options);
  if (read.length === 0) throw new GantryError("invalidArgument", `${options.file} has no items. Nothing was run.`);
  return { items: read.map(({ item }) => item), lines: read.map(({ line }) => line) };
}

/** The daemon numbers the items of a request; whoever wrote a file looks for a line of it. */
export function inFile(error: unknown, file: string, lines: readonly number[]): unknown {
  if (!(error instanceof GantryError) || !/\bitems\.\d/.test(error.message)) return error;
  const place = (text: string) =>
    text.replaceAll(/\bitems\.(\d+)(\.?)/g, (whole, index: string, dot: string) => {
      const line = lines[Number(index)];
      return line === undefined ? whole : `${file}:${line}${dot === "" ? "" : ": "}`;
    });
  return new GantryError(error.code, place(error.message), {
    cause: error,
    ...(error.details === undefined ? {} : { details: error.details }),
  });
}

interface ReadItem {
  item: BatchItemInput;
  line: number;
}

function wrong(file: string, line: number, message: string): GantryError {
  return new GantryError("invalidArgument", `${file}:${line}: ${message}. Nothing was run.`, { details: { file, line } });
}

function readJsonLines(text: string, { file, command }: ReadBatchOptions): ReadItem[] {
  const items: ReadItem[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (error) {
      throw wrong(file, index + 1, `this is no JSON (${(error as Error).message})`);
    }
    if (typeof value !== "object" || value === null || Array.isArray(value))
      throw wrong(file, index + 1, `an item is an object such as {"command": "greet", "input": {"name": "Ada"}}`);
    const item = { ...(command === undefined ? {} : { command }), ...value } as BatchItemInput;
    if (typeof item.command !== "string")
      throw wrong(file, index + 1, "the item has no command; add one, or give --command <name> for all");
    items.push({ item, line: index + 1 });
  }
  return items;
}

async function readCsv(text: string, { file, command }: ReadBatchOptions): Promise<ReadItem[]> {
  const { CsvError, parse } = await import("csv-parse/browser/esm/sync");
  let records: { record: Record<string, string>; info: { lines: number } }[];
  try {
    records = parse(text, { columns: true, bom: true, info: true, skip_empty_lines: true, trim: true }) as unknown as typeof records;
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw wrong(file, (error as { lines?: number }).lines ?? 1, error.message);
  }
  return records.map(({ record, info }) => {
    const name = record.command === undefined || record.command === "" ? command : record.command;
    if (name === undefined)
      throw wrong(file, info.lines, "the item has no command; add a column `command`, or give --command <name> for all");
    const words = (column: string) => (record[column] ?? "").split(/[\s;]+/).filter(Boolean);
    const number = (column: string) => {
      const given = record[column];
      if (given === undefined || given === "") return undefined;
      if (!/^-?\d+$/.test(given)) throw wrong(file, info.lines, `${column} is ${JSON.stringify(given)}; an integer is allowed`);
      return Number(given);
    };
    const timeoutMs = number("timeoutMs");
    const priority = number("priority");
    // As on a command line: the daemon gives each value the type that the command's schema says. An empty cell is not given.
    const argv = Object.entries(record)
      .filter(([column, value]) => !itemColumns.has(column) && value !== "")
      .map(([column, value]) => `--${column}=${value}`);
    const item: BatchItemInput = {
      ...(record.id === undefined || record.id === "" ? {} : { id: record.id }),
      command: name,
      argv,
      needs: words("needs"),
      tags: words("tags"),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(priority === undefined ? {} : { priority }),
    };
    return { item, line: info.lines };
  });
}
