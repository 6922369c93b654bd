import { ExecutionState } from "@gantry/contract";
import fc from "fast-check";
import { expect, test } from "vitest";

import { isFinal, stateAfter, transition } from "./state.ts";

const anyState = fc.constantFrom(...ExecutionState.options);

test("nothing leaves a final state, and every walk keeps to the transitions", () => {
  fc.assert(
    fc.property(fc.array(anyState, { maxLength: 30 }), (wishes) => {
      let state: ExecutionState = "queued";
      let ended = false;
      for (const wish of wishes) {
        try {
          state = transition(state, wish);
        } catch {
          continue;
        }
        expect(ended).toBe(false);
        ended = isFinal(state);
      }
    }),
  );
});

test("every state that is not final can still come to an end", () => {
  for (const state of ExecutionState.options) {
    if (isFinal(state)) continue;
    expect(ExecutionState.options.some((next) => (isFinal(next) && transition(state, next) === next) || next === "queued")).toBe(true);
  }
});

test("an outcome is told by its first cause", () => {
  const base = { exitCode: 0, signal: null };
  expect(stateAfter({ endedBy: "itself", ...base })).toBe("succeeded");
  expect(stateAfter({ endedBy: "itself", ...base, exitCode: 3 })).toBe("failed");
  expect(stateAfter({ endedBy: "itself", exitCode: null, signal: "SIGSEGV" })).toBe("failed");
  expect(stateAfter({ endedBy: "itself", ...base, error: { name: "Error", message: "" } })).toBe("failed");
  // A program that handles TERM and leaves with 0 was cancelled all the same.
  expect(stateAfter({ endedBy: "cancelled", ...base })).toBe("cancelled");
  expect(stateAfter({ endedBy: "timedOut", exitCode: null, signal: "SIGKILL" })).toBe("timedOut");
});
