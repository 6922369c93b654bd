/** How many second tries there may be. */
import { expect, test } from "vitest";

import { createRetryBudget } from "./retry-budget.ts";

test("one in ten calls, besides a small reserve that comes back with time", () => {
  const budget = createRetryBudget();
  const takeAll = (now: number) => {
    let taken = 0;
    while (budget.take(now)) taken += 1;
    return taken;
  };
  expect(takeAll(0)).toBe(10);
  for (let call = 0; call < 105; call += 1) budget.noteCall();
  expect(takeAll(0)).toBe(10);
  expect(takeAll(3_000)).toBe(3);
  for (let call = 0; call < 100_000; call += 1) budget.noteCall();
  expect(budget.left).toBe(100);
});
