import { isDeepStrictEqual } from "node:util";

import fc from "fast-check";
import { expect, test } from "vitest";

import { decodeValue, encodeValue, isCloneable } from "./values.ts";

const overJson = (value: unknown) => decodeValue(JSON.parse(JSON.stringify(encodeValue(value))) as never);

test("any cloneable value arrives as it was", () => {
  fc.assert(
    fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }), (value) => {
      fc.pre(isCloneable(value));
      expect(isDeepStrictEqual(normal(overJson(value)), normal(value))).toBe(true);
    }),
  );
});

/** Structured clone gives every plain object the usual prototype. */
function normal(value: unknown): unknown {
  return structuredClone(value);
}

test("what JSON can hold stays readable, and everything else does not lose its kind", () => {
  expect(encodeValue({ a: [1, "x", null, true] })).toEqual({ value: { a: [1, "x", null, true] } });
  expect(encodeValue(undefined)).toEqual({});
  for (const value of [-0, Number.NaN, 5n, new Date(0), [undefined], { a: undefined }]) {
    expect(encodeValue(value)).toHaveProperty("v8");
    expect(overJson(value)).toEqual(value);
  }
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  expect((overJson(cycle) as typeof cycle).self).toBeTypeOf("object");
});

test("functions and instances of somebody's class cannot be sent", () => {
  class Point {
    x = 1;
  }
  expect(isCloneable([1, new Date(), new Map([[1, new Set([2])]]), Buffer.from("x"), new Error("x")])).toBe(true);
  for (const value of [() => 1, Symbol("x"), new Point(), { deep: [new Point()] }, new Map([[1, () => 1]])]) {
    expect(isCloneable(value)).toBe(false);
  }
});
