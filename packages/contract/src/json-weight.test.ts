/** The estimate never says "too large" of what is not, and the exact answer is exact. */
import fc from "fast-check";
import { expect, test } from "vitest";

import { approximateBytes, exceedsBytes, maxJsonDepth } from "./json-weight.ts";

test("exceedsBytes is exact up to the weight of numbers", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), fc.nat({ max: 2000 }), (text, limit) => {
      expect(exceedsBytes(text, limit)).toBe(new TextEncoder().encode(JSON.stringify(text)).length > limit);
    }),
  );
});

test("a value that nests too deep to be written weighs more than any limit, and one that does not is weighed as ever", () => {
  const nest = (levels: number) => {
    let value: unknown = 1;
    for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { value };
    return value;
  };
  expect(exceedsBytes(nest(maxJsonDepth), 1_000_000)).toBe(false);
  expect(exceedsBytes(nest(maxJsonDepth + 1), 1_000_000)).toBe(true);
  expect(exceedsBytes({ beside: 1, deep: nest(100_000) }, 4_000_000)).toBe(true);
  expect(
    exceedsBytes(
      Array.from({ length: 5000 }, () => [1]),
      1_000_000,
    ),
  ).toBe(false);
});

test("a deep value neither overflows the stack nor costs more than its limit", () => {
  let deep: unknown = 1;
  for (let level = 0; level < 200_000; level += 1) deep = [deep];
  expect(approximateBytes(deep, 1000)).toBeGreaterThan(1000);
});
