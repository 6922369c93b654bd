/** Checks the profiles that somebody has configured: programs that are not there or do not fit. Built-in ones are offers, not needs. */
import type { OperationOutput, sessionOperations } from "@gantry/contract";

import { askRunning } from "./ask-running.ts";
import { type Check, type Draft, flag, living } from "./check.ts";

/** Asking a program for its version for the first time starts it. */
const answerTimeoutMs = 15_000;

export const profiles: Check = {
  name: "profiles",
  async look(scene) {
    const asked = living(scene).map(async (sibling): Promise<Draft[]> => {
      const { instance } = sibling;
      const answer = await askRunning<OperationOutput<typeof sessionOperations.profiles>>(
        sibling,
        "sessions.profiles",
        {},
        answerTimeoutMs,
      );
      return (answer?.items ?? [])
        .filter(({ source, problems }) => source === "configuration" && problems.length > 0)
        .map(({ name, available, problems }) => ({
          severity: available ? "note" : "warning",
          instance,
          cause: `Profile ${name}: ${problems.join("; ")}`,
          consequence: available ? `gantry open ${name} works, but not with everything it offers.` : `gantry open ${name} will be refused.`,
          remedy: `gantry profiles${flag(instance)}`,
        }));
    });
    return (await Promise.all(asked)).flat();
  },
};
