/** How wide the columns of a list may be so that a line fits; the last one gives way first. */
const gap = 2;
const narrowest = 6;

export function columnWidths(rows: readonly (readonly string[])[], total: number): number[] {
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, index) => Math.max(0, ...rows.map((row) => row[index]?.length ?? 0)));
  let over = widths.reduce((sum, width) => sum + width, 0) + gap * Math.max(0, count - 1) - total;
  for (let index = count - 1; index >= 0 && over > 0; index -= 1) {
    const width = widths[index] as number;
    const cut = Math.min(over, Math.max(0, width - narrowest));
    widths[index] = width - cut;
    over -= cut;
  }
  return widths;
}
