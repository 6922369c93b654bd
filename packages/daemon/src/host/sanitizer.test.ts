import fc from "fast-check";
import { expect, test } from "vitest";

import { Sanitizer } from "./sanitizer.ts";

function clean(text: string | Uint8Array, cuts: number[] = []): string {
  const bytes = typeof text === "string" ? Buffer.from(text) : Buffer.from(text);
  const sanitizer = new Sanitizer();
  let at = 0;
  for (const cut of [...cuts, bytes.length]) {
    sanitizer.push(bytes.subarray(at, at + cut));
    at += cut;
  }
  return bytes.toString("latin1");
}

test("ordinary output is left alone", () => {
  for (const text of [
    "plain text\r\n",
    "\x1b[1;31mred\x1b[0m \x1b[38;2;255;128;0mrgb\x1b[38:2::1:2:3m",
    "\x1b[?2004h\x1b[?2026h\x1b[?1049h\x1b[>4;2m\x1b[=1u",
    "\x1b]0;title\x07\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\",
    "\x1bP1$r0m\x1b\\\x1b(0lqk\x1b(B\x1b7\x1b8",
    "\x1b[999;999H\x1b[6n",
  ]) {
    expect(clean(text)).toBe(text);
  }
  const utf8 = "grüße 漢字 👍 \u00b0";
  expect(clean(utf8)).toBe(Buffer.from(utf8).toString("latin1"));
});

test("no parameter above 2,000 remains, however the stream is cut", () => {
  const sequence = fc
    .tuple(
      fc.constantFrom("\x1b[", "\u009b"),
      fc.array(fc.bigInt({ min: 0n, max: 1n << 70n }), { minLength: 1, maxLength: 4 }),
      fc.constantFrom("b", "I", "L", "M", "S", "T", "Z", "P", "X", "@"),
    )
    .map(([start, numbers, final]) => `${start}${numbers.join(";")}${final}`);
  fc.assert(
    fc.property(
      fc.array(fc.oneof(sequence, fc.constant("text\x1b[m")), { maxLength: 6 }),
      fc.array(fc.nat(30), { maxLength: 10 }),
      (parts, cuts) => {
        const text = parts.join("");
        const result = clean(text, cuts);
        expect(result.length).toBe(Buffer.from(text).length);
        for (const number of result.replaceAll("\0", "").match(/\d+/g) ?? []) expect(Number(number)).toBeLessThanOrEqual(2000);
      },
    ),
  );
});

test("an endless string is cancelled after 1 MiB and the rest of it never reaches a terminal", () => {
  const result = clean(`\x1b]0;${"x".repeat(3_000_000)}\x07after`);
  expect(result.slice(0, 5)).toBe("\x1b]0;x");
  expect(result.indexOf("\x18")).toBeLessThan(1_100_000);
  expect(result.replaceAll("\0", "").endsWith("\x18after")).toBe(true);
});

test("it knows where the last complete character or sequence ended", () => {
  const sanitizer = new Sanitizer();
  const push = (bytes: number[] | string): number => {
    sanitizer.push(Buffer.from(bytes as string));
    return sanitizer.completeOffset;
  };
  expect(push("abc")).toBe(3);
  expect(push("\x1b[3")).toBe(3);
  expect(push("1")).toBe(3);
  expect(push("m")).toBe(8);
  expect(push([0xe6, 0xbc])).toBe(8);
  expect(push([0xa2])).toBe(11);
  expect(push("\x1b]0;ti")).toBe(11);
  expect(push("tle\x1b")).toBe(11);
  expect(push("\\")).toBe(22);
});

test("cutting the stream changes nothing", () => {
  const alphabet = fc.constantFrom(0x1b, 0x5b, 0x5d, 0x50, 0x39, 0x3b, 0x3f, 0x62, 0x07, 0x5c, 0xc2, 0x9b, 0x9c, 0x18, 0xe6, 0x41);
  fc.assert(
    fc.property(fc.array(alphabet, { maxLength: 80 }), fc.array(fc.nat(10), { maxLength: 20 }), (bytes, cuts) => {
      expect(clean(Uint8Array.from(bytes), cuts)).toBe(clean(Uint8Array.from(bytes)));
    }),
  );
});

test("no program reads a clipboard, and none writes it unless it may", () => {
  const texts = [
    "\u001b]52;c;?\u0007",
    "\u001b]52;;?\u001b\\",
    "\u001b]5\u00002;c;\u0001?\u0007",
    "\u009d052;p;?\u0007",
    "\u001b]5522;type=read;Zm9v\u001b\\",
  ];
  const writes = ["\u001b]52;c;c2VjcmV0\u0007"];
  for (const allowed of [false, true]) {
    for (const text of [...texts, ...writes]) {
      // However it is cut: byte by byte, or whole.
      for (const size of [1, 3, 1000]) {
        const bytes = Buffer.from(`a${text}b`);
        const sanitizer = new Sanitizer({ clipboard: allowed });
        for (let at = 0; at < bytes.length; at += size) sanitizer.push(bytes.subarray(at, at + size));
        const passes = allowed && writes.includes(text);
        expect(bytes.equals(Buffer.from(`a${text}b`))).toBe(passes);
        expect(bytes.includes("Zm9v") || bytes.includes("?")).toBe(false);
        expect(bytes.includes(0x18)).toBe(!passes);
        expect(bytes.at(-1)).toBe(0x62);
      }
    }
  }
  for (const harmless of ["\u001b]2;52;c;?\u0007", "\u001b]8;;http://a/?q\u0007", "\u001b]520;c;?\u0007"]) {
    const bytes = Buffer.from(harmless);
    new Sanitizer().push(bytes);
    expect(bytes.toString()).toBe(harmless);
  }
});
