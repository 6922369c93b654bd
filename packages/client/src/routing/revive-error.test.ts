import { GantryError } from "@gantry/contract/errors";
import { expect, test } from "vitest";

import { failureOf, reviveError } from "./revive-error.ts";

test("an error has the name, message, stack, code, class, and causes of the original", () => {
  const error = reviveError({
    name: "RangeError",
    message: "too far",
    code: "EFAR",
    stack: "RangeError: too far\n    at there",
    cause: { name: "NoRoom", message: "full", cause: "plain" },
  });
  expect(error).toBeInstanceOf(RangeError);
  expect(error).toMatchObject({ name: "RangeError", message: "too far", code: "EFAR", stack: "RangeError: too far\n    at there" });
  expect(error.cause).toMatchObject({ name: "NoRoom", message: "full", cause: "plain" });
});

test("an exit code alone is no failure; what ended the execution from outside is", () => {
  const result = { executionId: "exe_X", command: "x", error: null } as unknown as Parameters<typeof failureOf>[0];
  expect(failureOf(result)).toBeUndefined();
  expect(failureOf({ ...result, state: "failed", error: { name: "NonZeroExit", message: "exited with 3" } })).toBeUndefined();
  const late = failureOf({ ...result, state: "timedOut", error: { name: "timedOut", message: "It took too long." } });
  expect(late).toBeInstanceOf(GantryError);
  expect(late).toMatchObject({ code: "deadlineExceeded", message: "x: It took too long. (exe_X)" });
});
