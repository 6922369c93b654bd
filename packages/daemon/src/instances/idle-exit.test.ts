/** When a daemon that was started on demand ends. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { createIdleExit } from "./idle-exit.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("it ends after the whole span without work and without callers, once", async () => {
  let isBusy = true;
  const exit = vi.fn();
  const clock = { now: () => Date.now(), monotonic: () => Date.now() };
  const idle = createIdleExit({ afterMs: () => 1000, busy: async () => isBusy, exit, clock });
  await vi.advanceTimersByTimeAsync(5000);
  expect(exit).not.toHaveBeenCalled();
  isBusy = false;
  await vi.advanceTimersByTimeAsync(800);
  idle.touch();
  await vi.advanceTimersByTimeAsync(900);
  expect(exit).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(5000);
  expect(exit).toHaveBeenCalledTimes(1);
});

test("what cannot be asked counts as busy, and a closed one never ends anything", async () => {
  const exit = vi.fn();
  const clock = { now: () => Date.now(), monotonic: () => Date.now() };
  const failing = createIdleExit({ afterMs: () => 100, busy: () => Promise.reject(new Error("disk full")), exit, clock });
  const closed = createIdleExit({ afterMs: () => 100, busy: async () => false, exit, clock });
  closed.close();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(exit).not.toHaveBeenCalled();
  failing.close();
});

test("a span that is changed holds from then on, and none at all never ends it", async () => {
  let afterMs = 0;
  const exit = vi.fn();
  const clock = { now: () => Date.now(), monotonic: () => Date.now() };
  const idle = createIdleExit({ afterMs: () => afterMs, busy: async () => false, exit, clock });
  await vi.advanceTimersByTimeAsync(86_400_000);
  expect(exit).not.toHaveBeenCalled();
  afterMs = 1000;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(exit).toHaveBeenCalledTimes(1);
  idle.close();
});
