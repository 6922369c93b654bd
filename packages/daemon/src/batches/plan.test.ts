import fc from "fast-check";
import { expect, test } from "vitest";

import { checkNeeds, createPlan, type PlannedItem } from "./plan.ts";

/** Items that need only earlier ones (in a shuffled order), so that there is no circle. */
const dag = fc.array(fc.array(fc.nat(), { maxLength: 4 }), { minLength: 1, maxLength: 30 }).chain((picks) => {
  const items = picks.map((pick, index): PlannedItem => ({
    id: `i${index}`,
    needs: index === 0 ? [] : [...new Set(pick.map((at) => `i${at % index}`))],
  }));
  return fc.shuffledSubarray(items, { minLength: items.length, maxLength: items.length });
});

test("what has no circle is accepted; one more need from an item to one that needs it is a circle, and named", () => {
  fc.assert(
    fc.property(dag, (items) => {
      expect(checkNeeds(items)).toEqual([]);
      const [last] = items.filter(({ needs }) => needs.length > 0);
      if (last === undefined) return;
      const back = last.needs[0] as string;
      const circular = items.map((item) => (item.id === back ? { ...item, needs: [...item.needs, last.id] } : item));
      const [issue] = checkNeeds(circular);
      const named = /circle: (.*);/.exec(issue?.message ?? "")?.[1]?.split(" → ") ?? [];
      expect(named.length).toBeGreaterThan(1);
      expect(named[0]).toBe(named.at(-1));
      for (const [at, id] of named.slice(0, -1).entries()) expect(circular.find((item) => item.id === id)?.needs).toContain(named[at + 1]);
    }),
  );
});

test("names given twice, missing needs, and an item that needs itself are refused", () => {
  expect(
    checkNeeds([
      { id: "a", needs: [] },
      { id: "a", needs: [] },
    ])[0]?.message,
  ).toContain('"a" is the name of items.0 already');
  expect(checkNeeds([{ id: "a", needs: ["b"] }])[0]?.message).toBe('there is no item "b" in this batch');
  expect(checkNeeds([{ id: "a", needs: ["a"] }])[0]?.message).toContain("a → a");
});

test("a chain as long as a batch can be is checked without a deep stack", () => {
  const chain = Array.from({ length: 10_000 }, (_, index) => ({ id: `${index}`, needs: index === 0 ? [] : [`${index - 1}`] }));
  expect(checkNeeds(chain.toReversed())).toEqual([]);
});

test("every item begins once, after what it needs has succeeded, or never; no more at once than allowed", () => {
  const options = fc.record({ concurrency: fc.integer({ min: 1, max: 5 }), stopOnError: fc.boolean() });
  fc.assert(
    fc.property(
      dag,
      options,
      fc.infiniteStream(fc.nat()),
      fc.infiniteStream(fc.integer({ min: 0, max: 9 })),
      (items, given, order, luck) => {
        const plan = createPlan(items, given);
        const running: number[] = [];
        const fates = new Map<number, "succeeded" | "failed" | "never">();
        const idOf = (index: number) => (items[index] as PlannedItem).id;
        const fateOf = (id: string) => fates.get(items.findIndex((item) => item.id === id));
        let failed = false;
        for (;;) {
          for (let index = plan.take(); index !== undefined; index = plan.take()) {
            expect(fates.has(index) || running.includes(index)).toBe(false);
            expect((items[index] as PlannedItem).needs.map(fateOf).every((fate) => fate === "succeeded")).toBe(true);
            expect(failed && given.stopOnError).toBe(false);
            running.push(index);
            expect(running.length).toBeLessThanOrEqual(given.concurrency);
          }
          if (running.length === 0) break;
          const [index] = running.splice((order.next().value as number) % running.length, 1) as [number];
          const succeeded = (luck.next().value as number) > 1;
          failed ||= !succeeded;
          fates.set(index, succeeded ? "succeeded" : "failed");
          for (const lost of plan.end(index, succeeded)) {
            expect(fates.has(lost)).toBe(false);
            fates.set(lost, "never");
          }
        }
        expect([...fates.keys()].sort((one, other) => one - other)).toEqual([...items.keys()]);
        // Without stop-on-error only those are left out that need, directly or not, one that failed.
        const reasonless = [...fates].filter(
          ([index, fate]) =>
            fate === "never" && !given.stopOnError && (items[index] as PlannedItem).needs.map(fateOf).every((need) => need === "succeeded"),
        );
        expect(reasonless.map(([index]) => idOf(index))).toEqual([]);
      },
    ),
  );
});
