import { expect, test } from "vitest";

import { type Column, fit } from "./table.ts";

interface Row {
  name: string;
  value: string;
  file: string;
  more: string;
}
const columns: Column<Row>[] = [
  { head: "NAME", value: ({ name }) => name },
  { head: "VALUE", value: ({ value }) => value, gives: "end" },
  { head: "FILE", value: ({ file }) => file, gives: "start" },
  { head: "MORE", value: ({ more }) => more, gives: "way" },
];
const rows = [
  { name: "a-name-that-stays", value: "[1,2,3,4,5,6,7,8,9]", file: "/home/ada/project/gantry.toml", more: "more" },
  { name: "b", value: "1", file: "default", more: "x" },
];
const widthOf = (within: number) => {
  const { widths, cells } = fit(columns, rows, within);
  return { width: widths.reduce((sum, width) => sum + width + 2, -2), cells };
};

test("a table that fits, or goes into a file, is whole", () => {
  expect(widthOf(Infinity)).toEqual(widthOf(75));
  expect(widthOf(75).cells[0]).toEqual(Object.values(rows[0] as Row));
});

test("one that does not loses what can be missed first, then the start of a path, then the end of a value", () => {
  expect(widthOf(74)).toEqual({ width: 69, cells: rows.map(({ name, value, file }) => [name, value, file]) });
  expect(widthOf(60)).toEqual({
    width: 60,
    cells: [
      ["a-name-that-stays", "[1,2,3,4,5,6,7,8,9]", "…project/gantry.toml"],
      ["b", "1", "default"],
    ],
  });
  expect(widthOf(50).cells[0]).toEqual(["a-name-that-stays", "[1,2,3,4,5,6,7,8…", "…gantry.toml"]);
  // Narrower than what says anything: it wraps.
  expect(widthOf(20).width).toBe(45);
});
