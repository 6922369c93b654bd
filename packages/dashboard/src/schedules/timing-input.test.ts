import type { Schedule } from "@gantry/contract";
import { expect, it } from "vitest";

import { timingFields, timingOf } from "./timing-input.ts";

const timing = (given: Partial<Schedule>) => ({ cron: null, timeZone: null, everyMs: null, at: null, ...given }) as Schedule;

it.each([
  [{ cron: "30 2 * * *", timeZone: "Europe/Berlin" }],
  [{ everyMs: 90_000 }],
  [{ everyMs: 7_200_000 }],
  [{ everyMs: 1500 }],
  [{ at: "2027-01-01T09:30:00.000Z" }],
])("what the form shows of %j means the same again", (given) => {
  expect(timingOf(timingFields(timing(given)))).toEqual(given);
});

it("shows an interval in the largest unit that leaves no rest", () => {
  expect(timingFields(timing({ everyMs: 7_200_000 }))).toMatchObject({ kind: "every", every: 2, unit: "hours" });
  expect(timingFields(timing({ everyMs: 5_400_000 }))).toMatchObject({ kind: "every", every: 90, unit: "minutes" });
});

it("says so when no day was chosen", () => {
  expect(() => timingOf({ ...timingFields(undefined), kind: "once" })).toThrow("Choose a day and a time.");
});
