import { SessionState } from "@gantry/contract";
import fc from "fast-check";
import { expect, test } from "vitest";

import { isLive, nextState, type SessionStep } from "./state.ts";

const step = fc.constantFrom<SessionStep>("started", "activity", "quiet", "exited", "failedToStart", "hostLost");

test("whatever happens, an ended session stays as it ended", () => {
  fc.assert(
    fc.property(fc.constantFrom(...SessionState.options), fc.array(step), (start, list) => {
      let state = start;
      for (const next of list) {
        const before = state;
        state = nextState(state, next);
        expect(isLive(before) || state === before).toBe(true);
      }
    }),
  );
});

test("every live session can end, and only a started one goes idle", () => {
  expect((["starting", "active", "idle"] as const).map((state) => nextState(state, "exited"))).toEqual(["exited", "exited", "exited"]);
  expect((["starting", "active", "idle"] as const).map((state) => nextState(state, "hostLost"))).toEqual(["lost", "lost", "lost"]);
  expect(nextState("starting", "quiet")).toBe("starting");
  expect(nextState("active", "quiet")).toBe("idle");
  expect(nextState("idle", "activity")).toBe("active");
  expect(nextState("active", "failedToStart")).toBe("active");
});
