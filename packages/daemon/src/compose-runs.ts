/** Part of the composition root: what schedules and batches need of executions, under ids that they have chosen and stored before. */
import { ExecuteInput, type ExecutionError, type ExecutionState, GantryError } from "@gantry/contract";

import { localCaller } from "./access/service.ts";
import type { Caller } from "./core/caller.ts";
import type { ExecutionsService } from "./executions/service.ts";
import type { Runs } from "./schedules/runs.ts";

export function composeRuns(executions: ExecutionsService): Runs {
  const find = async (id: string) => {
    try {
      return await executions.get(id, localCaller);
    } catch (error) {
      if (error instanceof GantryError && error.code === "notFound") return undefined;
      throw error;
    }
  };
  // What its owner may do was checked when it was made; it acts in the owner's name from then on.
  const onBehalfOf = (owner: string): Caller => ({ ...localCaller, keyId: owner });

  return {
    check: (request, caller) => executions.check(ExecuteInput.parse({ ...request, wait: false }), caller),
    async submit(id, request, owner) {
      if ((await find(id)) !== undefined) return;
      await executions.submit(ExecuteInput.parse({ ...request, wait: false }), onBehalfOf(owner), false, id);
    },
    exists: async (id) => (await find(id)) !== undefined,
    async ended(id) {
      await executions.live(id)?.ended;
      const row = await find(id);
      if (row === undefined) throw new Error(`there is no execution ${id}`);
      return {
        state: row.state as Exclude<ExecutionState, "scheduled" | "queued" | "running">,
        endedAtMs: row.endedAtMs as number,
        error: row.error === null ? null : (JSON.parse(row.error) as ExecutionError),
      };
    },
    async cancel(id) {
      await executions.cancel(id, localCaller);
    },
  };
}
