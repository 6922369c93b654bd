/** The state tables hold what the room relies on, whatever happens in whatever order. */
import fc from "fast-check";
import { expect, test } from "vitest";

import { isAwaited, holdsSlot, nextCallState, nextInstanceState, type CallEvent, type CallState } from "./state.ts";

const callEvent = fc.constantFrom<CallEvent>("send", "chunk", "finish", "settle", "lost", "retry", "expire");

test("a call is answered at most once, and never again awaited or running after it is closed", () => {
  fc.assert(
    fc.property(fc.array(callEvent, { maxLength: 40 }), (events) => {
      const seen: CallState[] = ["queued"];
      for (const event of events) {
        const next = nextCallState(seen.at(-1) as CallState, event);
        if (next !== undefined) seen.push(next);
      }
      const answers = seen.filter((state, index) => index > 0 && isAwaited(seen[index - 1] as CallState) && !isAwaited(state));
      expect(answers).toHaveLength(isAwaited(seen.at(-1) as CallState) ? 0 : 1);
      // What has shown a chunk is never run a second time, and nothing follows the end.
      if (seen.includes("streaming")) seen.splice(0, seen.indexOf("streaming"));
      expect(seen.indexOf("queued", 1) > 0 && seen[0] === "streaming").toBe(false);
      expect([-1, seen.length - 1]).toContain(seen.indexOf("closed"));
    }),
  );
});

test("a slot is held from sending to the provider's own end", () => {
  expect((["queued", "sent", "streaming", "lingering", "closed"] as const).filter(holdsSlot)).toEqual(["sent", "streaming", "lingering"]);
});

test("every state of a call can end", () => {
  for (const state of ["queued", "sent", "streaming"] as const) expect(nextCallState(state, "settle")).toBeDefined();
  for (const state of ["sent", "streaming", "lingering"] as const) expect(nextCallState(state, "lost")).toBe("closed");
});

test("only leaving ends a drain, and nothing follows leaving", () => {
  expect(nextInstanceState("draining", "ok")).toBe("draining");
  expect(nextInstanceState("degraded", "ok")).toBe("ready");
  for (const event of ["ok", "degrade", "drain", "leave"] as const) expect(nextInstanceState("gone", event)).toBe("gone");
});
