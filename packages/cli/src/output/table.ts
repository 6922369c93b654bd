/** Prints rows in columns, as docker and kubectl do: upper-case heads, two spaces between, nothing to strip for a script. */
import pc from "picocolors";

import { plain } from "./plain.ts";

export interface Column<Row> {
  head: string;
  value(row: Row): string | number | null | undefined;
  /** Numbers read better on the right. */
  align?: "right";
  paint?(text: string, row: Row): string;
  /** When a terminal is too narrow for all: loses its start or end, or is left out. Never in a pipe or file. */
  gives?: "start" | "end" | "way";
}

export function printTable<Row>(all: Column<Row>[], rows: Row[]): void {
  const { columns, cells, widths } = fit(all, rows, process.stdout.isTTY ? process.stdout.columns : Infinity);
  const line = (texts: string[], paint: (text: string, index: number) => string) =>
    `${texts
      .map((text, index) => {
        const width = widths[index] as number;
        const last = index === texts.length - 1;
        return paint(columns[index]?.align === "right" ? text.padStart(width) : last ? text : text.padEnd(width), index);
      })
      .join("  ")
      .trimEnd()}\n`;
  process.stdout.write(
    line(
      columns.map(({ head }) => head),
      (text) => pc.dim(text),
    ),
  );
  for (const [number, texts] of cells.entries()) {
    process.stdout.write(line(texts, (text, index) => columns[index]?.paint?.(text, rows[number] as Row) ?? text));
  }
}

const gap = 2;
/** Less of a text says nothing any more. */
const shortest = 12;

export function fit<Row>(all: Column<Row>[], rows: Row[], within: number) {
  const measured = all.map((column) => {
    const texts = rows.map((row) => plain(String(column.value(row) ?? "-")).replaceAll("\n", " "));
    return { column, texts, width: Math.max(column.head.length, ...texts.map(({ length }) => length)) };
  });
  const surplus = (some: typeof measured) => some.reduce((sum, { width }) => sum + width + gap, -gap) - within;
  let shown = measured;
  for (const one of measured.toReversed())
    if (surplus(shown) > 0 && one.column.gives === "way") shown = shown.filter((other) => other !== one);
  for (const one of shown.toReversed()) {
    const { gives, head } = one.column;
    const cut = Math.min(surplus(shown), one.width - Math.max(head.length, shortest));
    if (gives === undefined || cut <= 0) continue;
    one.width -= cut;
    one.texts = one.texts.map((text) => shorten(text, one.width, gives));
  }
  return {
    columns: shown.map(({ column }) => column),
    cells: rows.map((_, row) => shown.map(({ texts }) => texts[row] as string)),
    widths: shown.map(({ width }) => width),
  };
}

function shorten(text: string, width: number, gives: "start" | "end" | "way"): string {
  if (text.length <= width) return text;
  return gives === "start" ? `…${text.slice(1 - width)}` : `${text.slice(0, width - 1)}…`;
}
