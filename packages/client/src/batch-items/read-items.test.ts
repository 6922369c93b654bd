import { expect, test } from "vitest";

import { readBatchItems, type ReadBatchOptions } from "./index.ts";

const read = (text: string, more: Partial<ReadBatchOptions> = {}) =>
  readBatchItems(text, { file: "f", format: "jsonl", command: undefined, ...more });

test("JSON lines: empty lines are left out, a command may stand for all", async () => {
  expect(await read('{"id":"a","command":"x"}\n\n{"needs":["a"],"argv":["1"]}\r\n', { command: "y" })).toEqual([
    { id: "a", command: "x" },
    { command: "y", needs: ["a"], argv: ["1"] },
  ]);
});

test("CSV: columns of the item, and every other one is an option", async () => {
  const text = '\uFEFFid,command,needs,name,note,priority\na,greet,,"Ada, Countess",,5\nb,,a;c d,"say ""hi""",x,\n';
  expect(await read(text, { format: "csv", command: "count" })).toEqual([
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
