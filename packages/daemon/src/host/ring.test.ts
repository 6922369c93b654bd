import fc from "fast-check";
import { expect, test } from "vitest";

import type { ChildStream } from "./interface.ts";
import { Ring } from "./ring.ts";

function readFrom(ring: Ring, offset: number): [ChildStream, number][] {
  const seen: [ChildStream, number][] = [];
  for (let at = offset; ;) {
    const piece = ring.read(at);
    if (piece === undefined) return seen;
    expect(piece.offset).toBe(at);
    for (const byte of piece.data) seen.push([piece.stream, byte]);
    at += piece.data.length;
  }
}

test("every kept offset reads back what was appended there", () => {
  const writes = fc.array(fc.record({ stream: fc.constantFrom<ChildStream>(1, 2), length: fc.nat(7000), byte: fc.nat(255) }), {
    maxLength: 30,
  });
  fc.assert(
    fc.property(writes, fc.integer({ min: 1, max: 50_000 }), fc.nat(1000), (list, limit, step) => {
      const ring = new Ring(limit);
      const all: [ChildStream, number][] = [];
      for (const { stream, length, byte } of list) {
        ring.append(stream, Buffer.alloc(length, byte));
        for (let index = 0; index < length; index += 1) all.push([stream, byte]);
        expect(ring.endOffset).toBe(all.length);
        expect(ring.endOffset - ring.startOffset).toBeGreaterThanOrEqual(Math.min(limit, all.length));
      }
      const from = Math.min(ring.startOffset + step, ring.endOffset);
      expect(readFrom(ring, from)).toEqual(all.slice(from));
      expect(ring.read(ring.startOffset - 1)).toBeUndefined();
    }),
    { numRuns: 25 },
  );
});

test("memory stays near the limit, except for what the screen has not parsed", () => {
  const ring = new Ring(256 * 1024);
  const line = Buffer.alloc(4000, 120);
  for (let index = 0; index < 1000; index += 1) ring.append(1, line);
  expect(ring.endOffset - ring.startOffset).toBeLessThan(400 * 1024);
  const pin = ring.endOffset;
  ring.pinFrom(pin);
  for (let index = 0; index < 1000; index += 1) ring.append(1, line);
  expect(ring.startOffset).toBeLessThanOrEqual(pin);
  ring.pinFrom(ring.endOffset);
  expect(ring.endOffset - ring.startOffset).toBeLessThan(400 * 1024);
});

test("the tail is the last bytes", () => {
  const ring = new Ring(1000);
  ring.append(1, Buffer.from("abc"));
  ring.append(2, Buffer.from("def"));
  expect(ring.tail(4).toString()).toBe("cdef");
  expect(ring.tail(40).toString()).toBe("abcdef");
});
