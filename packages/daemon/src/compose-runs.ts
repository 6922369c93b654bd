/** Part of the composition root: what schedules and batches need of executions, under ids that they have chosen and stored before. */
import { type EndedState, ExecuteInput, type ExecutionError, GantryError } from "@gantry/contract";

import { localCaller } from "./access/service.ts";
import type { Caller } from "./core/caller.ts";
import type { ExecutionsService } from "./executions/service.ts";
import type { Runs } from "./schedules/runs.ts";

export interface RunsOptions {
  executions: ExecutionsService;
  /** False when the key exists no more: what it has made must not go on in its name. */
  keyStands(keyId: string): boolean;
}

export function composeRuns({ executions, keyStands }: RunsOptions): Runs {
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
      if (!keyStands(owner)) throw ownerGone(owner);
      const parsed = ExecuteInput.safeParse({ ...request, wait: false });
      if (!parsed.success) {
        const why = "What was to be run could not be read after the restart: the instance's sealing key has changed. It was not run.";
        throw new GantryError("invalidArgument", why, { cause: parsed.error });
      }
      await executions.submit(parsed.data, onBehalfOf(owner), false, id);
    },
    async conceal({ command, input, argv }) {
      const shown = await executions.conceal({ command, input, argv });
      return shown === undefined ? { input: input ?? null, argv: argv ?? null } : { input: shown, argv: null };
    },
    exists: async (id) => (await find(id)) !== undefined,
    async ended(id) {
      await executions.live(id)?.ended;
      const row = await find(id);
      if (row === undefined) throw new Error(`there is no execution ${id}`);
      return {
        state: row.state as EndedState,
        endedAtMs: row.endedAtMs as number,
        error: row.error === null ? null : (JSON.parse(row.error) as ExecutionError),
      };
    },
    async cancel(id) {
      await executions.cancel(id, localCaller);
    },
  };
}

function ownerGone(keyId: string): GantryError {
  return new GantryError(
    "permissionDenied",
    `The key ${keyId}, in whose name it was to be run, has been revoked or has expired. It was not run; make it anew with a key that stands.`,
  );
}
