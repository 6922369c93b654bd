/** When a breaker opens, tries, and closes. */
import fc from "fast-check";
import { expect, test } from "vitest";

import { createBreaker } from "./breaker.ts";

const fail = (breaker: ReturnType<typeof createBreaker>, times: number, now: number) => {
  for (let count = 0; count < times; count += 1) breaker.ended("bad", now);
};

test("opens when half of enough calls failed, and only within one window", () => {
  const breaker = createBreaker(() => 0.5);
  fail(breaker, 4, 0);
  expect(breaker.admits(0)).toBe(true);
  fail(breaker, 4, 20_000);
  expect(breaker.admits(20_000)).toBe(true);
  fail(breaker, 1, 20_001);
  expect(breaker).toMatchObject({ openUntil: 21_001, failures: 5 });
  expect(breaker.admits(20_500)).toBe(false);
});

test("stays closed while most succeed, and what callers did says nothing", () => {
  const breaker = createBreaker();
  for (let count = 0; count < 100; count += 1) breaker.ended(count % 5 === 0 ? "bad" : "good", 0);
  for (let count = 0; count < 100; count += 1) breaker.ended("ignored", 0);
  expect(breaker.admits(0)).toBe(true);
});

test("after the pause one call tries: its success closes, its failure doubles the pause", () => {
  const breaker = createBreaker(() => 0.5);
  fail(breaker, 5, 0);
  expect(breaker.admits(1_000)).toBe(true);
  breaker.sent(1_000);
  expect(breaker.admits(1_000)).toBe(false);
  breaker.ended("bad", 1_001);
  expect(breaker.openUntil).toBe(3_001);
  breaker.sent(3_001);
  breaker.ended("ignored", 3_002);
  expect(breaker.admits(3_002)).toBe(true);
  breaker.sent(3_002);
  breaker.ended("good", 3_003);
  expect(breaker.openUntil).toBeUndefined();
  fail(breaker, 4, 3_004);
  expect(breaker.admits(3_004)).toBe(true);
});

test("never stays shut: whatever happened, a pause ends and a trial is let through", () => {
  const step = fc.tuple(fc.constantFrom("good", "bad", "ignored", "send" as const), fc.nat({ max: 5_000 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const breaker = createBreaker();
      let now = 0;
      let out = 0;
      for (const [what, later] of steps) {
        now += later;
        if (what !== "send") {
          breaker.ended(what, now);
          out = Math.max(0, out - 1);
        } else if (breaker.admits(now)) {
          breaker.sent(now);
          out += 1;
        }
      }
      if (breaker.isTrying) breaker.ended("ignored", now);
      expect(breaker.admits(now + 40_000)).toBe(true);
    }),
  );
});
