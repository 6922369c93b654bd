import { expect, test } from "vitest";

import { defineBenchmark, formatResult, median, percentile, runBenchmark } from "./harness.ts";

test("median and percentile interpolate between neighbours", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  expect(percentile([0, 10], 0.95)).toBe(9.5);
  expect(percentile([], 0.5)).toBeNaN();
});

function sample(rounds: number) {
  const order: string[] = [];
  const contender = (name: string, value: number) => async () => {
    order.push(name);
    return { p50Ms: value };
  };
  const ours = (figures: Readonly<Record<string, number>>) => figures["ours.p50Ms"] as number;
  const benchmark = defineBenchmark({
    name: "sample",
    summary: "Compares two constants.",
    rounds,
    prepare: async () => ({ contenders: { ours: contender("ours", 2), theirs: contender("theirs", 4) } }),
    targets: [
      { what: "ours, times theirs", value: (figures) => ours(figures) / (figures["theirs.p50Ms"] as number), atMost: 0.4, unit: "×" },
      { what: "ours", value: ours, atMost: 3, unit: "ms" },
    ],
  });
  return { benchmark, order };
}

test("rounds are interleaved with a changing order, and each target is judged", async () => {
  const { benchmark, order } = sample(5);
  const result = await runBenchmark(benchmark);
  expect(order.slice(0, 4)).toEqual(["ours", "theirs", "theirs", "ours"]);
  expect(order).toHaveLength(12);
  expect(result.targets).toMatchObject([
    { result: 0.5, met: false },
    { result: 2, met: true },
  ]);
  expect(formatResult(result)).toMatch(/ours, times theirs +≤ 0\.4 × +0\.5 × +MISSED/);
});

test("fewer than five rounds are refused", async () => {
  await expect(runBenchmark(sample(4).benchmark)).rejects.toThrow(/too few/);
});
