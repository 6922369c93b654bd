/** Prints rows in columns, as docker and kubectl do: upper-case heads, two spaces between, nothing to strip for a script. */
import pc from "picocolors";

import { plain } from "./plain.ts";

export interface Column<Row> {
  head: string;
  value(row: Row): string | number | null | undefined;
  /** Numbers read better on the right. */
  align?: "right";
  paint?(text: string, row: Row): string;
}

export function printTable<Row>(columns: Column<Row>[], rows: Row[]): void {
  const cells = rows.map((row) => columns.map((column) => plain(String(column.value(row) ?? "-")).replaceAll("\n", " ")));
  const widths = columns.map((column, index) => Math.max(column.head.length, ...cells.map((line) => (line[index] as string).length)));
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
