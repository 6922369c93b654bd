/** Order among the keys that are asked for, whatever is pushed and removed between. */
import fc from "fast-check";
import { expect, test } from "vitest";

import { createWaitQueue } from "./wait-queue.ts";

const action = fc.record({
  kind: fc.constantFrom("push", "take", "remove"),
  key: fc.constantFrom("a", "b", "c"),
  keys: fc.subarray(["a", "b", "c"]),
});

test("take gives the earliest of the keys, as a plain list would", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const queue = createWaitQueue<number>();
      const taken: [number | undefined, number | undefined][] = [];
      let model: { key: string; waiter: number }[] = [];
      for (const [waiter, { kind, key, keys }] of actions.entries()) {
        if (kind === "push") {
          queue.push(key, waiter);
          model.push({ key, waiter });
        } else if (kind === "remove") {
          const [first] = model;
          if (first) queue.remove(first.key, first.waiter);
          model = model.slice(1);
        } else {
          // Odd ones do not fit, and must stay where they are.
          const expected = model.find((entry) => keys.includes(entry.key as "a") && entry.waiter % 2 === 0);
          taken.push([queue.take(keys, (candidate) => candidate % 2 === 0), expected?.waiter]);
          model = model.filter((entry) => entry !== expected);
        }
        expect(queue.size).toBe(model.length);
        expect(queue.sizeOf("a")).toBe(model.filter((entry) => entry.key === "a").length);
      }
      for (const [actual, expected] of taken) expect(actual).toBe(expected);
      expect(new Set(queue)).toEqual(new Set(model.map((entry) => entry.waiter)));
    }),
  );
});
