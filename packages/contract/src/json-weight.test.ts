/** The estimate never says "too large" of what is not, and the exact answer is exact. */
import fc from "fast-check";
import { expect, test } from "vitest";

import { approximateBytes, exceedsBytes } from "./json-weight.ts";

test("exceedsBytes is exact up to the weight of numbers", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), fc.nat({ max: 2000 }), (text, limit) => {
      expect(exceedsBytes(text, limit)).toBe(new TextEncoder().encode(JSON.stringify(text)).length > limit);
    }),
  );
});

test("a deep value neither overflows the stack nor costs more than its limit", () => {
  let deep: unknown = 1;
  for (let level = 0; level < 200_000; level += 1) deep = [deep];
  expect(approximateBytes(deep, 1000)).toBeGreaterThan(1000);
});
