/** Compares what two terminals show, cell by cell: characters, widths, colours, attributes, and the cursor. */
import headless from "@xterm/headless";

export type TestTerminal = InstanceType<typeof headless.Terminal>;

/** One text a cell, so that a difference can be read. */
export interface Painted {
  cols: number;
  rows: number;
  cells: string[];
  cursor: string;
}

export function createTestTerminal(cols: number, rows: number): TestTerminal {
  return new headless.Terminal({ cols, rows, scrollback: 1000, allowProposedApi: true, logLevel: "off" });
}

export function paintedBy(terminal: TestTerminal): Painted {
  const { active } = terminal.buffer;
  const cells: string[] = [];
  for (let row = 0; row < terminal.rows; row += 1) {
    const line = active.getLine(active.baseY + row);
    for (let col = 0; col < terminal.cols; col += 1) {
      const cell = line?.getCell(col);
      if (cell === undefined) {
        cells.push("missing");
        continue;
      }
      const attributes = [
        cell.isBold(),
        cell.isDim(),
        cell.isItalic(),
        cell.isUnderline(),
        cell.isBlink(),
        cell.isInverse(),
        cell.isInvisible(),
        cell.isStrikethrough(),
        cell.isOverline(),
      ];
      const flags = attributes.map((on) => (on === 0 ? "-" : "x")).join("");
      // The first sixteen of 256 colours are the sixteen: a terminal shows them alike.
      const color = (isPalette: boolean, mode: number, value: number): string => `${isPalette ? "palette" : mode}:${value}`;
      const colors = [
        color(cell.isFgPalette(), cell.getFgColorMode(), cell.getFgColor()),
        color(cell.isBgPalette(), cell.getBgColorMode(), cell.getBgColor()),
      ].join(" ");
      // A cell that was never written looks like a space.
      cells.push(`${JSON.stringify(cell.getChars() || " ")} ${cell.getWidth()} ${colors} ${flags}`);
    }
  }
  // Internal: the public interface does not tell. Where a hidden cursor stands, nobody sees.
  const hidden = (terminal as unknown as { _core: { coreService: { isCursorHidden: boolean } } })._core.coreService.isCursorHidden;
  return { cols: terminal.cols, rows: terminal.rows, cells, cursor: hidden ? "hidden" : `${active.cursorX},${active.cursorY}` };
}

/** Where they differ, the first few; empty when they show the same. */
export function differences(one: Painted, other: Painted): string[] {
  if (one.cols !== other.cols || one.rows !== other.rows) return [`${one.cols}x${one.rows} and ${other.cols}x${other.rows}`];
  const found = one.cells.flatMap((cell, index) => {
    if (cell === other.cells[index]) return [];
    return [`row ${Math.floor(index / one.cols)} column ${index % one.cols}: ${cell} and ${other.cells[index]}`];
  });
  if (one.cursor !== other.cursor) found.push(`cursor ${one.cursor} and ${other.cursor}`);
  return found.length > 8 ? [...found.slice(0, 8), `and ${found.length - 8} more`] : found;
}

export function textOf(terminal: TestTerminal): string {
  const { active } = terminal.buffer;
  const lines: string[] = [];
  for (let row = 0; row < terminal.rows; row += 1) lines.push(active.getLine(active.baseY + row)?.translateToString(true) ?? "");
  return lines.join("\n").trimEnd();
}
