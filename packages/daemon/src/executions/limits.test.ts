import fc from "fast-check";
import { expect, test } from "vitest";

import { createLimits, type Limited } from "./limits.ts";

const queues = new Map([
  ["default", {}],
  ["slow", { maxConcurrent: 2 }],
]);
const one = fc.record({ queue: fc.constantFrom("default", "slow"), command: fc.constantFrom("free", "single", "unknown") });

test("whatever begins and ends, no limit is passed, and nothing of a paused queue begins", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("begin" as const), one }),
    fc.record({ do: fc.constant("end" as const), at: fc.nat() }),
    fc.record({ do: fc.constant("pause" as const), queue: fc.constantFrom("default", "slow"), on: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const limits = createLimits(queues);
      limits.limitCommand("free", undefined);
      limits.limitCommand("single", 1);
      const running: Limited[] = [];
      const paused = new Set<string>();
      for (const taken of steps) {
        if (taken.do === "pause") {
          limits.setPaused(taken.queue, taken.on ? 1 : undefined);
          if (taken.on) paused.add(taken.queue);
          else paused.delete(taken.queue);
        } else if (taken.do === "end") {
          const [ended] = running.splice(taken.at % Math.max(1, running.length), 1);
          if (ended !== undefined) limits.ended(ended);
        } else {
          const { queue, command } = taken.one;
          const inSlow = running.filter((other) => other.queue === "slow").length;
          const ofCommand = running.filter((other) => other.command === command).length;
          const mayBegin = !paused.has(queue) && !(queue === "slow" && inSlow >= 2) && !(command !== "free" && ofCommand >= 1);
          if (limits.holds(taken.one) === mayBegin) throw new Error(`${command} of ${queue} may ${mayBegin ? "" : "not "}begin`);
          if (!mayBegin) continue;
          limits.began(taken.one);
          running.push(taken.one);
        }
        expect(limits.running("slow")).toBe(running.filter(({ queue }) => queue === "slow").length);
      }
    }),
  );
});
