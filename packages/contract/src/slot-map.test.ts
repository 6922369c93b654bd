import fc from "fast-check";
import { expect, test } from "vitest";

import { SlotMap } from "./slot-map.ts";

test("it is a map: the same answers, size, and order as JavaScript's own, whatever is done", () => {
  const key = fc.integer({ min: 0, max: 5 });
  const step = fc.oneof(
    fc.record({ set: key, value: fc.integer() }),
    fc.record({ delete: key }),
    fc.record({ clear: fc.constant(true as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const map = new SlotMap<number, number>();
      const model = new Map<number, number>();
      for (const one of steps) {
        const answers = [map, model].map((either) => {
          if ("set" in one) either.set(one.set, one.value);
          else if ("delete" in one) return either.delete(one.delete);
          else either.clear();
          return undefined;
        });
        expect(answers[0]).toBe(answers[1]);
        expect([...map.values()]).toEqual([...model.values()]);
        expect(map.size).toBe(model.size);
        for (let asked = 0; asked <= 5; asked += 1) {
          expect(map.get(asked)).toBe(model.get(asked));
          expect(map.has(asked)).toBe(model.has(asked));
        }
      }
    }),
  );
});

test("what is taken out while it is gone through does not come any more", () => {
  const map = new SlotMap<string, string>();
  for (const name of ["a", "b", "c"]) map.set(name, name);
  const seen: string[] = [];
  for (const value of map.values()) {
    seen.push(value);
    map.delete("b");
  }
  expect(seen).toEqual(["a", "c"]);
});
