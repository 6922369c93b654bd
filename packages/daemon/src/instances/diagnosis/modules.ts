/** Checks the command modules of the instances that run: those that could not be loaded, or only in part. */
import type { commandOperations, OperationOutput } from "@gantry/contract";

import { askRunning } from "./ask-running.ts";
import { type Check, type Draft, flag, living } from "./check.ts";

export const modules: Check = {
  name: "command-modules",
  async look(scene) {
    const asked = living(scene).map(async (sibling): Promise<Draft[]> => {
      const { instance } = sibling;
      const answer = await askRunning<OperationOutput<typeof commandOperations.list>>(sibling, "commands.list", { limit: 1 });
      return (answer?.problems ?? []).map(({ source, message }) => ({
        severity: "warning",
        instance,
        cause: `${source} was left out: ${message}`,
        consequence: "Its commands are not there; those of other modules are.",
        remedy: `gantry commands list${flag(instance)}`,
      }));
    });
    return (await Promise.all(asked)).flat();
  },
};
