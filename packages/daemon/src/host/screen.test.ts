import fc from "fast-check";
import { expect, test } from "vitest";

import { createScreen, type Screen } from "./screen.ts";

interface Painted {
  screen: Screen;
  replies: string[];
  titles: string[];
}

async function paint(text: string, size = { cols: 40, rows: 10 }): Promise<Painted> {
  const painted: Omit<Painted, "screen"> = { replies: [], titles: [] };
  const screen = createScreen(size.cols, size.rows, 100, {
    reply: (reply) => painted.replies.push(reply),
    title: (title) => painted.titles.push(title),
  });
  await new Promise<void>((resolve) => screen.write(Buffer.from(text), resolve));
  return { screen, ...painted };
}

/** What a late joiner's terminal holds, painted again, must be what the first one held. */
async function throughSnapshot(text: string): Promise<[string, string]> {
  const first = await paint(text);
  const second = await paint(first.screen.snapshot(1000));
  return [first.screen.snapshot(1000), second.screen.snapshot(1000)];
}

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
  const screen = createScreen(200, 50, 1000, { reply: () => {}, title: () => {} });
  await new Promise<void>((resolve) => screen.write(Buffer.from(`${line}\r\n`.repeat(1000)), resolve));
  const snapshot = screen.snapshot(1000);
  expect(snapshot.length).toBeLessThan(200_000);
  expect(snapshot.length).toBeGreaterThan(50_000);
});
