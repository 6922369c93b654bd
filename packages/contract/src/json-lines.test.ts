/** However the bytes are cut, the same values come out, and a wrong line is told by its number after all good ones before it. */
import fc from "fast-check";
import { expect, test } from "vitest";

import { createJsonLinesReader, type JsonLinesPart } from "./json-lines.ts";

function readAll(bytes: Uint8Array, cuts: number[], maxLineBytes = 1000) {
  const reader = createJsonLinesReader({ maxLineBytes, describe: (line) => `line ${line}` });
  const values: unknown[] = [];
  const take = ({ values: more, failure }: JsonLinesPart) => {
    values.push(...more);
    return failure;
  };
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((one, other) => one - other);
  let from = 0;
  for (const to of [...places, bytes.length]) {
    const failure = take(reader.push(bytes.subarray(from, to)));
    if (failure) return { values, failure };
    from = to;
  }
  return { values, failure: take(reader.end()) };
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

test("gives back what was written, however it is cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.jsonValue(), fc.constantFrom("\n", "\r\n", "\n\n", "\n  \n"))),
      fc.array(fc.nat(), { maxLength: 20 }),
      fc.boolean(),
      (lines, cuts, endsWithBreak) => {
        const text = lines.map(([value, end]) => JSON.stringify(value) + end).join("");
        const { values, failure } = readAll(bytesOf(endsWithBreak ? text : text.trimEnd()), cuts, 1_000_000);
        expect(failure).toBeUndefined();
        expect(values).toEqual(lines.map(([value]) => JSON.parse(JSON.stringify(value))));
      },
    ),
  );
});

test.each([
  ["no JSON", bytesOf('1\n\n{"a":2}\n{broken\n5\n'), [1, { a: 2 }], "line 4: this is no JSON", "invalidArgument"],
  ["cut off", bytesOf('1\n{"a":'), [1], "line 2: this is no JSON", "invalidArgument"],
  ["too long", bytesOf(`1\n"${"x".repeat(60)}"\n3\n`), [1], "line 2: this line is larger than the limit of 50 bytes", "payloadTooLarge"],
  ["too long and without an end", bytesOf(`1\n"${"x".repeat(60)}`), [1], "line 2: this line is larger", "payloadTooLarge"],
  ["no UTF-8", new Uint8Array([0x31, 0x0a, 0x22, 0xff, 0x22, 0x0a]), [1], "no UTF-8", "invalidArgument"],
])("a line that is %s is named, after the good ones before it", (_what, bytes, good, message, code) => {
  const perByte = Array.from({ length: bytes.length }, (_, index) => index);
  expect(readAll(bytes, perByte, 50).values).toEqual(good);
  for (const cuts of [[], perByte]) {
    const { failure } = readAll(bytes, cuts, 50);
    expect(failure).toMatchObject({ code, message: expect.stringContaining(message) });
  }
});
