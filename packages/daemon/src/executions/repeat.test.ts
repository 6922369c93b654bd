import type { ExecutionState } from "@gantry/contract";
import fc from "fast-check";
import { expect, test } from "vitest";

import { maxInterruptions, nextTry, parsePolicy, policyText, type RepeatPolicy, type Spent, spentBy } from "./repeat.ts";
import { type AttemptOutcome, isFinal, stateAfter, transition } from "./state.ts";

const anyPolicy: fc.Arbitrary<RepeatPolicy> = fc.record({
  retries: fc.nat(5),
  retryDelayMs: fc.nat(10_000),
  retryMaxDelayMs: fc.nat(20_000),
  idempotent: fc.boolean(),
});
const anyOutcome: fc.Arbitrary<AttemptOutcome> = fc.record({
  endedBy: fc.constantFrom("itself" as const, "cancelled" as const, "timedOut" as const, "interrupted" as const),
  exitCode: fc.constantFrom(0, 1, null),
  signal: fc.constant(null),
});
const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test("whatever the attempts do, only legal ways are taken, to exactly one end, within the policy", () => {
  fc.assert(
    fc.property(anyPolicy, fc.infiniteStream(anyOutcome), fc.infiniteStream(unit), (policy, outcomes, randoms) => {
      let state: ExecutionState = "queued";
      let spent: Spent = { retries: 0, interruptions: 0 };
      const ended: ExecutionState[] = [];
      const repeated: { after: ExecutionState; fits: boolean }[] = [];
      while (!isFinal(state)) {
        state = transition(state, "running");
        const after = stateAfter(outcomes.next().value as AttemptOutcome);
        ended.push(after);
        const next = nextTry(after, policy, spent, () => randoms.next().value as number);
        if (next === undefined) state = transition(state, after);
        else {
          const longestMs = Math.min(policy.retryMaxDelayMs, policy.retryDelayMs * 2 ** spent.retries);
          repeated.push({ after, fits: next.delayMs >= 0 && next.delayMs <= longestMs });
          spent = next.spent;
          state = transition(state, "scheduled");
          state = transition(state, "queued");
        }
      }
      expect(repeated.filter(({ after, fits }) => !fits || !["failed", "timedOut", "interrupted"].includes(after))).toEqual([]);
      // What a later daemon makes out of the rows of the attempts before is what this one knew.
      expect(spentBy(ended.slice(0, -1))).toEqual(spent);
      expect(ended.filter((one) => one === "failed" || one === "timedOut").length).toBeLessThanOrEqual(policy.retries + 1);
      expect(ended.filter((one) => one === "interrupted").length).toBeLessThanOrEqual(policy.idempotent ? maxInterruptions + 1 : 1);
    }),
  );
});

test("a policy survives its row, and the usual one takes no room there", () => {
  fc.assert(
    fc.property(anyPolicy, (policy) => {
      const { retries, idempotent } = parsePolicy(policyText(policy));
      expect({ retries, idempotent }).toEqual({ retries: policy.retries, idempotent: policy.idempotent });
    }),
  );
  expect(policyText({ retries: 0, retryDelayMs: 1000, retryMaxDelayMs: 1000, idempotent: false })).toBeNull();
});
