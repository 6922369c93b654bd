import { stripVTControlCharacters } from "node:util";

import { expect, test } from "vitest";

import { barOf } from "./show-progress.ts";

const counts = { total: 8, waiting: 3, running: 1, succeeded: 3, failed: 1, skipped: 0, cancelled: 0 };
const plainBar = (width: number, more: Partial<typeof counts> = {}) => stripVTControlCharacters(barOf({ ...counts, ...more }, width));

test("the bar is as long as what has ended, and what is nought is left out", () => {
  expect(plainBar(8)).toBe("[████░░░░] 4/8  1 running  1 failed");
  expect(plainBar(8, { waiting: 0, running: 0, succeeded: 8, failed: 0 })).toBe("[████████] 8/8");
});
