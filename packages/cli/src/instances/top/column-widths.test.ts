import { expect, test } from "vitest";

import { columnWidths } from "./column-widths.ts";

const rows = [
  ["ID", "COMMAND", "PROGRAM"],
  ["exe_1234567890", "build", "a program with many arguments"],
];

test("columns are as wide as their longest cell while there is room", () => {
  expect(columnWidths(rows, 100)).toEqual([14, 7, 29]);
  expect(columnWidths([], 100)).toEqual([]);
});

test("the last column gives way first, and none vanishes", () => {
  expect(columnWidths(rows, 45)).toEqual([14, 7, 20]);
  expect(columnWidths(rows, 24)).toEqual([8, 6, 6]);
  expect(columnWidths(rows, 5)).toEqual([6, 6, 6]);
});
