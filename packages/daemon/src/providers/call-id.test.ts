/** Call ids are ULIDs in form, rise strictly, and differ between sources. */
import { CallId } from "@gantry/contract";
import { expect, test } from "vitest";

import { createCallIds } from "./call-id.ts";

test("ids match the contract and rise, even when the clock steps back", () => {
  const times = [1_800_000_000_000, 1_800_000_000_000, 1_799_999_999_000, 1_800_000_000_500];
  let index = 0;
  const next = createCallIds(() => times[Math.min(index++, times.length - 1)] as number);
  const ids = Array.from({ length: 3000 }, next);
  for (const id of ids.slice(0, 10)) expect(CallId.safeParse(id).success).toBe(true);
  expect([...ids].sort((one, other) => (one < other ? -1 : 1))).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
  expect(createCallIds(Date.now)()).not.toBe(createCallIds(Date.now)());
});
