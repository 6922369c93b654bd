import headless from "@xterm/headless";
import fc from "fast-check";
import { expect, test } from "vitest";

import { createScreen, type Screen } from "./screen.ts";

interface Painted {
  screen: Screen;
  replies: string[];
  titles: string[];
}

const unwatched = { signal: () => {}, settled: () => {} };

async function paint(text: string, size = { cols: 40, rows: 10 }): Promise<Painted> {
  const painted: Omit<Painted, "screen"> = { replies: [], titles: [] };
  const screen = createScreen(
    { ...size, scrollbackLines: 100 },
    {
      ...unwatched,
      reply: (reply) => painted.replies.push(reply),
      title: (title) => painted.titles.push(title),
    },
  );
  await new Promise<void>((resolve) => screen.write(Buffer.from(text), resolve));
  return { screen, ...painted };
}

/** What a late joiner's terminal holds, painted again, must be what the first one held. */
async function throughSnapshot(text: string): Promise<[string, string]> {
  const first = await paint(text);
  const second = await paint(first.screen.snapshot(1000));
  return [first.screen.snapshot(1000), second.screen.snapshot(1000)];
}

/** Each cell's character and looks, and the cursor, in a terminal that knows nothing of snapshots. */
async function shownBy(text: string, size = { cols: 40, rows: 10 }): Promise<string[]> {
  const terminal = new headless.Terminal({ ...size, scrollback: 100, allowProposedApi: true, logLevel: "off" });
  await new Promise<void>((resolve) => terminal.write(text, resolve));
  const { active } = terminal.buffer;
  const cells = Array.from({ length: size.cols * size.rows }, (_, index) => {
    const cell = active.getLine(active.baseY + Math.floor(index / size.cols))?.getCell(index % size.cols);
    const flags = [
      cell?.isBold(),
      cell?.isDim(),
      cell?.isItalic(),
      cell?.isUnderline(),
      cell?.isInverse(),
      cell?.getFgColor(),
      cell?.getBgColor(),
    ];
    return `${index} ${cell?.getChars() || " "} ${flags.join()}`;
  });
  return [`cursor ${active.cursorX},${active.cursorY}`, ...cells];
}

test.each([
  ["attributes of the normal screen do not reach the alternate one", "\u001b[7;1mshell\u001b[?1049h\u001b[H\u001b[0mfull screen"],
  ["a status line that fills the last row does not move the cursor", `\u001b[?1049h\u001b[10;1H${"=".repeat(40)}\u001b[3;5H`],
  ["a line that is full keeps its cursor", "=".repeat(40)],
  [
    "bold after dim, among colours that look like attributes",
    "\u001b[2mdim\u001b[22;1mbold\u001b[0m\u001b[2;38;5;22mx\u001b[22;1;38;2;1;22;1;48;5;1my\u001b[0mz",
  ],
  ["dim after bold", "\u001b[1mbold\u001b[22;2mdim\u001b[22mplain"],
  ["origin mode without a region", "one\r\ntwo\u001b[?6h\u001b[4;7H"],
])("%s", async (_name, text) => {
  const { screen } = await paint(text);
  expect(await shownBy(screen.snapshot(100))).toEqual(await shownBy(text));
});

test("a snapshot restores screen, cursor, and every mode that changes what a terminal does", async () => {
  for (const text of [
    "plain\r\ntext \x1b[1;31mred",
    "before\x1b[?1049h\x1b[Hfull screen\x1b[?25l\x1b[?1h\x1b[?2004h",
    "\x1b[?1002h\x1b[?1006hmouse",
    "\x1b[3;7rinside\x1b[5;3Hregion",
    "\x1b(0lqqk",
    "\x1b)0\x0elqk",
    "\x1b[5 qbar\x1b[?12h",
    "\x1b[>1u\x1b[>5ukeys",
    "\x1b[>4;2mother",
    "\x1b]2;a title\x07titled",
    "\x1b[3;7r\x1b[?6h\x1b[2;2Horigin",
    Array.from({ length: 60 }, (_, index) => `line ${index}`).join("\r\n"),
  ]) {
    const [before, after] = await throughSnapshot(text);
    expect(after).toBe(before);
  }
});

test("any mixture of output survives a snapshot", async () => {
  const piece = fc.constantFrom(
    "word ",
    "\r\n",
    "漢字",
    "\x1b[2J",
    "\x1b[H",
    "\x1b[4;5H",
    "\x1b[7m",
    "\x1b[0m",
    "\x1b[38;5;99m",
    "\x1b[?1049h",
    "\x1b[?1049l",
    "\x1b[?25l",
    "\x1b[?25h",
    "\x1b[?1006h",
    "\x1b[K",
    "\t",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 25 }), async (pieces) => {
      const { screen } = await paint(pieces.join(""));
      const copy = await paint(screen.snapshot(1000));
      expect(copy.screen.show("text")).toBe(screen.show("text"));
    }),
    { numRuns: 60 },
  );
});

test("queries are answered: device attributes, cursor position, colours", async () => {
  const { replies } = await paint("\x1b[c\x1b[6n\x1b]11;?\x07");
  expect(replies).toEqual(["\x1b[?1;2c", "\x1b[1;1R", expect.stringContaining("]11;rgb:")]);
});

test("a long history of wide colours is cut to what a late joiner should wait for", async () => {
  const line = Array.from({ length: 200 }, (_, index) => `\x1b[38;5;${index % 256}mx`).join("");
  const screen = createScreen({ cols: 200, rows: 50, scrollbackLines: 1000 }, { ...unwatched, reply: () => {}, title: () => {} });
  await new Promise<void>((resolve) => screen.write(Buffer.from(`${line}\r\n`.repeat(1000)), resolve));
  const snapshot = screen.snapshot(1000);
  expect(snapshot.length).toBeLessThan(200_000);
  expect(snapshot.length).toBeGreaterThan(50_000);
});
