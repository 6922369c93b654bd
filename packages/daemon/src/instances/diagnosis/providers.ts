/** Checks the providers of the instances that run: those that say they are in trouble. */
import type { OperationOutput, providerOperations } from "@gantry/contract";

import { askRunning } from "./ask-running.ts";
import { type Check, type Draft, flag, living } from "./check.ts";

export const providers: Check = {
  name: "providers",
  async look(scene) {
    const asked = living(scene).map(async (sibling): Promise<Draft[]> => {
      const { instance } = sibling;
      const answer = await askRunning<OperationOutput<typeof providerOperations.list>>(sibling, "providers.list", { limit: 1000 });
      return (answer?.items ?? [])
        .filter(({ state }) => state !== "ready")
        .map(({ name, state }) => ({
          severity: state === "draining" ? "note" : "warning",
          instance,
          cause: `Provider ${name} is ${state}.`,
          consequence: state === "draining" ? "It finishes its calls and takes no new ones." : "Calls to it may be slow or fail.",
          remedy: `gantry providers status ${name} -v${flag(instance)}`,
        }));
    });
    return (await Promise.all(asked)).flat();
  },
};
