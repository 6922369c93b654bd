import fc from "fast-check";
import { expect, test } from "vitest";

import { createReadyQueue, type Waiting } from "./ready-queue.ts";

const lanes = ["default build function", "default build program", "slow deploy program"];
const item = fc.record({
  id: fc.nat(1000).map((number) => String(number).padStart(4, "0")),
  priority: fc.integer({ min: -2, max: 2 }),
  lane: fc.constantFrom(...lanes),
});
const items = fc.uniqueArray(item, { selector: ({ id }) => id, maxLength: 40 });

test("gives items in order of priority, then of arrival, and skips blocked lanes", () => {
  fc.assert(
    fc.property(items, fc.subarray(lanes), fc.func(fc.boolean()), (all, blockedLanes, isRemoved) => {
      const queue = createReadyQueue<Waiting>();
      for (const one of all) queue.push(one);
      const kept = all.filter((one) => !(isRemoved(one.id) && queue.remove(one)));
      const isBlocked = ({ lane }: Waiting) => blockedLanes.includes(lane);
      const expected = kept
        .filter((one) => !isBlocked(one))
        .sort((one, other) => other.priority - one.priority || (one.id < other.id ? -1 : 1));
      const seen: Waiting[] = [];
      for (let next = queue.peek(isBlocked); next !== undefined; next = queue.peek(isBlocked)) {
        seen.push(next);
        expect(queue.remove(next)).toBe(true);
      }
      expect(seen).toEqual(expected);
      expect(queue.size).toBe(kept.length - expected.length);
      expect([...queue.items()]).toHaveLength(queue.size);
    }),
  );
});
