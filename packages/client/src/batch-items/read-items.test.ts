import { expect, test } from "vitest";

import { GantryError } from "@gantry/contract/errors";

import { inFile, readBatchItems, type ReadBatchOptions } from "./index.ts";

const read = (text: string, more: Partial<ReadBatchOptions> = {}) =>
  readBatchItems(text, { file: "f", format: "jsonl", command: undefined, ...more });
const itemsOf = async (text: string, more: Partial<ReadBatchOptions> = {}) => (await read(text, more)).items;

test("JSON lines: empty lines are left out, a command may stand for all", async () => {
  expect(await itemsOf('{"id":"a","command":"x"}\n\n{"needs":["a"],"argv":["1"]}\r\n', { command: "y" })).toEqual([
    { id: "a", command: "x" },
    { command: "y", needs: ["a"], argv: ["1"] },
  ]);
});

test("CSV: columns of the item, and every other one is an option", async () => {
  const text = '\uFEFFid,command,needs,name,note,priority\na,greet,,"Ada, Countess",,5\nb,,a;c d,"say ""hi""",x,\n';
  expect(await itemsOf(text, { format: "csv", command: "count" })).toEqual([
    { id: "a", command: "greet", argv: ["--name=Ada, Countess"], needs: [], tags: [], priority: 5 },
    { id: "b", command: "count", argv: ['--name=say "hi"', "--note=x"], needs: ["a", "c", "d"], tags: [] },
  ]);
});

test.each([
  ["jsonl", '{"command":"x"}\nnonsense', "f:2: this is no JSON"],
  ["jsonl", "[1]", "f:1: an item is an object"],
  ["jsonl", "{}", "f:1: the item has no command"],
  ["jsonl", "\n", "f has no items"],
  ["csv", "id,command\na,x,y\n", "f:2: "],
  ["csv", "id\na\n", "f:2: the item has no command"],
  ["csv", "command,priority\nx,high\n", 'f:2: priority is "high"; an integer is allowed'],
] as const)("%s %j is refused", async (format, text, message) => {
  await expect(read(text, { format })).rejects.toThrow(message);
});

test("what the daemon says of an item is told of its line, blank lines counted", async () => {
  const { lines } = await read('\n{"command":"x"}\n\n{"command":"y"}\n');
  expect(lines).toEqual([2, 4]);
  const told = (message: string) => (inFile(new GantryError("invalidArgument", message), "f", lines) as Error).message;
  expect(told("items.1 (b): There is no command y.")).toBe("f:4 (b): There is no command y.");
  expect(told('items.1.id: "a" is the name of items.0 already')).toBe('f:4: id: "a" is the name of f:2 already');
  expect(told("concurrency: must be less")).toBe("concurrency: must be less");
  const csv = await read("command\nx\n\ny\n", { format: "csv" });
  expect(csv.lines).toEqual([2, 4]);
});
