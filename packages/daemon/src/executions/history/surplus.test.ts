import fc from "fast-check";
import { expect, test } from "vitest";

import type { Outcome } from "./store.ts";
import { surplusOf, type Tallies } from "./surplus.ts";

const executions = fc.array(
  fc.record({ outcome: fc.constantFrom<Outcome>("succeeded", "failed"), bytes: fc.integer({ min: 0, max: 500 }) }),
  {
    maxLength: 60,
  },
);

function tally(all: { outcome: Outcome; bytes: number }[]): Tallies {
  const tallies: Tallies = { succeeded: { count: 0, bytes: 0 }, failed: { count: 0, bytes: 0 } };
  for (const { outcome, bytes } of all) {
    tallies[outcome].count += 1;
    tallies[outcome].bytes += bytes;
  }
  return tallies;
}

test("removing what is named ends within the limits, takes no more than needed, and leaves each outcome its half", () => {
  fc.assert(
    fc.property(executions, fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 9000 }), (all, maxCount, maxBytes) => {
      const left = [...all];
      for (let next = surplusOf(tally(left), { maxCount, maxBytes }); next !== undefined;) {
        const before = tally(left);
        const over = (measure: "count" | "bytes", limit: number) => before.succeeded[measure] + before.failed[measure] > limit;
        expect(over("count", maxCount) || over("bytes", maxBytes)).toBe(true);
        const other = next === "succeeded" ? "failed" : "succeeded";
        // Whoever has to go is either alone or holds more than its half of what is exceeded.
        const [measure, limit] = over("count", maxCount) ? (["count", maxCount] as const) : (["bytes", maxBytes] as const);
        expect(before[other].count === 0 || before[next][measure] >= limit / 2).toBe(true);
        left.splice(
          left.findIndex(({ outcome }) => outcome === next),
          1,
        );
        next = surplusOf(tally(left), { maxCount, maxBytes });
      }
      const after = tally(left);
      expect(after.succeeded.count + after.failed.count).toBeLessThanOrEqual(maxCount);
      expect(after.succeeded.bytes + after.failed.bytes).toBeLessThanOrEqual(maxBytes);
    }),
  );
});

test("successes go before failures while they fill more than half", () => {
  const limits = { maxCount: 10, maxBytes: 1000 };
  const of = (succeeded: number, failed: number, bytes = 0): Tallies => ({
    succeeded: { count: succeeded, bytes },
    failed: { count: failed, bytes: 0 },
  });
  expect(surplusOf(of(7, 4), limits)).toBe("succeeded");
  expect(surplusOf(of(5, 6), limits)).toBe("failed");
  expect(surplusOf(of(0, 11), limits)).toBe("failed");
  expect(surplusOf(of(1, 1, 1001), limits)).toBe("succeeded");
  expect(surplusOf(of(5, 5), limits)).toBeUndefined();
});
