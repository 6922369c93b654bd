import { expect, test } from "vitest";
import fc from "fast-check";

import { jitterOf, parseTiming, ticksOf, type Timing } from "./timing.ts";

const cron = (pattern: string, timeZone: string) => ticksOf({ kind: "cron", cron: pattern, timeZone });
const nextFrom = (pattern: string, timeZone: string, from: string, count: number) => {
  const ticks = cron(pattern, timeZone);
  const found: string[] = [];
  for (let at = ticks.next(Date.parse(from)); at !== undefined && found.length < count; at = ticks.next(at))
    found.push(new Date(at).toISOString());
  return found;
};

test("Berlin, 02:30 does not exist on the last Sunday of March: the tick comes right after the gap, once", () => {
  expect(nextFrom("30 2 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", 3)).toEqual([
    "2026-03-28T01:30:00.000Z",
    "2026-03-29T01:00:00.000Z",
    "2026-03-30T00:30:00.000Z",
  ]);
});

test("Berlin, 02:30 comes twice on the last Sunday of October: only the first ticks", () => {
  expect(nextFrom("30 2 * * *", "Europe/Berlin", "2026-10-23T12:00:00Z", 3)).toEqual([
    "2026-10-24T00:30:00.000Z",
    "2026-10-25T00:30:00.000Z",
    "2026-10-26T01:30:00.000Z",
  ]);
});

test("New York, 02:30 in the gap of March and 01:30 twice in November", () => {
  expect(nextFrom("30 2 * * *", "America/New_York", "2026-03-07T00:00:00Z", 3)).toEqual([
    "2026-03-07T07:30:00.000Z",
    "2026-03-08T07:00:00.000Z",
    "2026-03-09T06:30:00.000Z",
  ]);
  expect(nextFrom("30 1 * * *", "America/New_York", "2026-10-31T00:00:00Z", 3)).toEqual([
    "2026-10-31T05:30:00.000Z",
    "2026-11-01T05:30:00.000Z",
    "2026-11-02T06:30:00.000Z",
  ]);
});

test("every half hour goes on through both changes without a hole and without a repetition", () => {
  for (const from of ["2026-03-28T22:00:00Z", "2026-10-24T22:00:00Z"]) {
    const found = nextFrom("*/30 * * * *", "Europe/Berlin", from, 12).map((at) => Date.parse(at));
    expect(found).toEqual(found.map((_, index) => Date.parse(from) + (index + 1) * 1_800_000));
  }
});

const timings: Timing[] = [
  { kind: "cron", cron: "30 2 * * *", timeZone: "Europe/Berlin" },
  { kind: "cron", cron: "*/7 * * * *", timeZone: "America/New_York" },
  { kind: "cron", cron: "*/20 * * * * *", timeZone: "UTC" },
  { kind: "every", everyMs: 90_000, anchorMs: Date.parse("2026-03-28T12:34:56.789Z") },
  { kind: "at", atMs: Date.parse("2026-03-29T01:00:00Z") },
];

test("looking back finds exactly what looking ahead would have found", () => {
  const start = Date.parse("2026-03-28T20:00:00Z");
  const within = fc.tuple(fc.integer({ min: 0, max: 86_400_000 }), fc.integer({ min: 0, max: 3_600_000 }), fc.integer({ min: 1, max: 20 }));
  fc.assert(
    fc.property(fc.constantFrom(...timings), within, (timing, [offset, span, count]) => {
      const ticks = ticksOf(timing);
      const after = start + offset;
      const ahead: number[] = [];
      for (let at = ticks.next(after); at !== undefined && at <= after + span; at = ticks.next(at)) ahead.push(at);
      expect(ticks.latest(count, after, after + span)).toEqual(ahead.slice(-count));
    }),
    { numRuns: 200 },
  );
});

test("bad timings are told by field, what was given, and what is allowed", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  expect(() => parseTiming({}, now)).toThrow("exactly one of cron, everyMs, and at says when it ticks, but none was given");
  expect(() => parseTiming({ cron: "* * * * *", everyMs: 1000 }, now)).toThrow("cron and everyMs were given");
  expect(() => parseTiming({ everyMs: 1000, timeZone: "UTC" }, now)).toThrow('timeZone: is only for cron, but "UTC" was given');
  expect(() => parseTiming({ cron: "61 * * * *" }, now)).toThrow('cron: "61 * * * *" is no cron pattern (Invalid value for minute: 61)');
  expect(() => parseTiming({ cron: "30 2 31 2 *" }, now)).toThrow("never comes");
});

test("jitter stays inside its bound and is the same for the same tick", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 2 ** 41 }), fc.integer({ min: 0, max: 86_400_000 }), (at, jitterMs) => {
      const drawn = jitterOf("sch_1", at, jitterMs);
      expect(drawn).toBe(jitterOf("sch_1", at, jitterMs));
      expect(drawn >= 0 && drawn <= jitterMs).toBe(true);
    }),
  );
});
