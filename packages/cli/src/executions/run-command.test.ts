import { expect, test } from "vitest";

import { retryNotice } from "./run-command.ts";

test.each([
  [0, "now"],
  [0.4, "now"],
  [20, "in 20 ms"],
  [1500, "in 1.5 s"],
])("a retry after %s ms is told as %s", (delayMs, wait) => {
  const notice = retryNotice({
    type: "retrying",
    executionId: "exe_01JZZZZZZZZZZZZZZZZZZZZZZZ",
    attempt: 1,
    state: "failed",
    error: { name: "NonZeroExit", message: "exited with 3" },
    delayMs,
    dueAt: "2026-01-01T00:00:00.000Z",
  });
  expect(notice).toBe(`gantry: attempt 1 failed (exited with 3); trying again ${wait}`);
});
