import fc from "fast-check";
import { expect, test } from "vitest";

import { createCastWriter } from "./cast.ts";

const facts = { cols: 80, rows: 24, startTimeMs: 1_700_000_000_000, title: "", command: "sh" };
const linesOf = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as [number, string, string]);

test("header and events are those of asciicast v3", () => {
  const cast = createCastWriter({ ...facts, title: "notes" });
  cast.output(1, Buffer.from("hello"), facts.startTimeMs + 100);
  cast.output(1, Buffer.from(" there"), facts.startTimeMs + 103);
  cast.resize(100, 30, facts.startTimeMs + 250.4);
  cast.output(1, Buffer.from("x"), facts.startTimeMs + 1000);
  cast.input(Buffer.from("q"), facts.startTimeMs + 900);
  cast.exit(0, facts.startTimeMs + 1500);
  const [header, ...events] = linesOf(cast.take(true));
  expect(header).toEqual({
    version: 3,
    term: { cols: 80, rows: 24, type: "xterm-256color" },
    timestamp: 1_700_000_000,
    title: "notes",
    command: "sh",
  });
  // A clock that goes back makes no negative distance.
  expect(events).toEqual([
    [0.1, "o", "hello there"],
    [0.15, "r", "100x30"],
    [0.75, "o", "x"],
    [0, "i", "q"],
    [0.5, "x", "0"],
  ]);
});

test("no character is cut, however the bytes come, and roundings do not add up", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", minLength: 1 }),
      fc.array(fc.tuple(fc.nat(7), fc.double({ min: 0, max: 50, noNaN: true }))),
      (text, cuts) => {
        const bytes = Buffer.from(text);
        const cast = createCastWriter(facts);
        let at = 0;
        let timeMs = facts.startTimeMs;
        for (const [count, waitMs] of cuts) {
          timeMs += waitMs;
          cast.output(1, bytes.subarray(at, at + count), timeMs);
          at = Math.min(bytes.length, at + count);
        }
        cast.output(1, bytes.subarray(at), timeMs);
        cast.exit(3, timeMs);
        const [, ...events] = linesOf(cast.take(true));
        expect(
          events
            .filter(([, code]) => code === "o")
            .map(([, , data]) => data)
            .join(""),
        ).toBe(text);
        const total = events.reduce((sum, [seconds]) => sum + seconds, 0);
        expect(Math.abs(total * 1000 - (timeMs - facts.startTimeMs))).toBeLessThan(1);
      },
    ),
  );
});

test("bytes that are no UTF-8 are marked, and what is incomplete at the end is told", () => {
  const cast = createCastWriter(facts);
  cast.output(1, new Uint8Array([0x61, 0xff, 0xe2, 0x82]), facts.startTimeMs);
  cast.exit(1, facts.startTimeMs);
  expect(linesOf(cast.take(true)).slice(1)).toEqual([
    [0, "o", "a\ufffd\ufffd"],
    [0, "x", "1"],
  ]);
});
