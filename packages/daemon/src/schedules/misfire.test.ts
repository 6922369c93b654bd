import { expect, test } from "vitest";
import fc from "fast-check";

import { type MisfireRule, mostRun, onTimeMs, selectTicks, windowMs } from "./misfire.ts";

const rule = fc.record<MisfireRule>({
  misfire: fc.constantFrom("skip", "latest", "all"),
  misfireMax: fc.integer({ min: 1, max: 5 }),
  catchUpMs: fc.integer({ min: 0, max: 600_000 }),
});
const now = 10_000_000;
const due = fc.uniqueArray(fc.integer({ min: now - 900_000, max: now }), { maxLength: 30 }).map((ticks) => ticks.sort((a, b) => a - b));

test("every tick is run or missed, never both; what runs is the latest, in time, and not too many", () => {
  fc.assert(
    fc.property(due, rule, (ticks, given) => {
      const { run, missed } = selectTicks(ticks, now, given);
      expect([...missed, ...run]).toEqual(ticks);
      expect(run.length).toBeLessThanOrEqual(mostRun(given));
      expect(run.every((tick) => now - tick <= windowMs(given))).toBe(true);
      // Nothing is left out without a reason: every missed one is too late or one too many.
      expect(missed.every((tick) => now - tick > windowMs(given) || run.length === mostRun(given))).toBe(true);
    }),
  );
});

test("a tick on time is run whatever the policy", () => {
  fc.assert(
    fc.property(fc.integer({ min: now - onTimeMs, max: now }), rule, (tick, given) => {
      expect(selectTicks([tick], now, given).run).toEqual([tick]);
    }),
  );
});
