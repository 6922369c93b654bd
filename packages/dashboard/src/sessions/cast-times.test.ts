/** Positions in a recording, with and without a limit for silence. */
import fc from "fast-check";
import { expect, test } from "vitest";

import { castTimes, eventsShown, movePosition } from "./cast-times.ts";

const events = [0, 100, 5000, 100].map((afterMs) => ({ afterMs }));

test("a limit shortens only what is longer", () => {
  expect(castTimes(events, Number.POSITIVE_INFINITY)).toEqual({ atMs: [0, 100, 5100, 5200], totalMs: 5200 });
  expect(castTimes(events, 1000)).toEqual({ atMs: [0, 100, 1100, 1200], totalMs: 1200 });
  expect(castTimes([], 1000)).toEqual({ atMs: [], totalMs: 0 });
});

test("an event is shown from its own moment on", () => {
  const times = castTimes(events, 1000);
  expect([0, 99, 100, 1099, 1100, 1200].map((at) => eventsShown(times, at))).toEqual([1, 1, 2, 2, 3, 4]);
  expect(eventsShown(times, -1)).toBe(0);
});

test("another limit keeps the moment: the same events are shown, except that a silence may be over", () => {
  const some = fc.array(fc.record({ afterMs: fc.integer({ min: 1, max: 10_000 }) }), { minLength: 1 });
  const limit = fc.integer({ min: 1, max: 10_000 });
  fc.assert(
    fc.property(some, limit, limit, fc.double({ min: 0, max: 1, noNaN: true }), (list, one, other, share) => {
      const from = castTimes(list, one);
      const to = castTimes(list, other);
      const positionMs = from.totalMs * share;
      const moved = eventsShown(to, movePosition(from, to, positionMs)) - eventsShown(from, positionMs);
      expect([0, 1]).toContain(moved);
    }),
  );
});
