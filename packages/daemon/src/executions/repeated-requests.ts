/** Answers a repeated request (same caller, same idempotency key) with the execution that the first one made. */
import { type ExecuteInput, type ExecutionState, GantryError } from "@gantry/contract";

import type { AtRest } from "./at-rest.ts";
import { createLiveExecution, type LiveExecution } from "./live-execution.ts";
import { loadOutput } from "./load-output.ts";
import { isFinal } from "./state.ts";
import type { ExecutionRow, ExecutionStore } from "./store.ts";

export interface RepeatedRequestsOptions {
  store: Pick<ExecutionStore, "findByKey">;
  atRest: Pick<AtRest, "isInput">;
  live(id: string): LiveExecution | undefined;
  outputsDirectory: string;
}

export interface RepeatedRequests {
  /** `make` is called for the first request only; those that come while it is being stored wait for it. */
  once(owner: string, request: ExecuteInput, input: Record<string, unknown>, make: () => Promise<LiveExecution>): Promise<LiveExecution>;
}

export function createRepeatedRequests({ store, atRest, live, outputsDirectory }: RepeatedRequestsOptions): RepeatedRequests {
  const beingMade = new Map<string, Promise<LiveExecution>>();

  const find = async (owner: string, key: string): Promise<LiveExecution | undefined> => {
    for (;;) {
      const row = await store.findByKey(owner, key);
      if (row === undefined) return undefined;
      const running = live(row.id);
      if (running !== undefined) return running;
      // Otherwise it has ended while the row was read.
      if (isFinal(row.state as ExecutionState)) return endedExecution(row, outputsDirectory);
    }
  };

  return {
    async once(owner, request, input, make) {
      const key = request.idempotencyKey;
      if (key === undefined) return make();
      const name = JSON.stringify([owner, key]);
      const first = beingMade.get(name);
      const isSame = ({ row }: LiveExecution) => row.command === request.command && atRest.isInput(row, input);
      if (first !== undefined) return sameRequest(await first, isSame, key);
      let made = false;
      const making = find(owner, key).then((found) => {
        made = found === undefined;
        return found ?? make();
      });
      beingMade.set(name, making);
      try {
        const execution = await making;
        return made ? execution : sameRequest(execution, isSame, key);
      } finally {
        beingMade.delete(name);
      }
    },
  };
}

function sameRequest(live: LiveExecution, isSame: (live: LiveExecution) => boolean, key: string): LiveExecution {
  if (isSame(live)) return live;
  throw new GantryError(
    "conflict",
    `The idempotency key ${JSON.stringify(key)} was used before for another request (${live.id}, ${live.row.command}). Nothing was run; use a new key.`,
    { details: { executionId: live.id } },
  );
}

/** In the shape of a live one, so that its answer is made in the same way. */
async function endedExecution(row: ExecutionRow, outputsDirectory: string): Promise<LiveExecution> {
  const input = JSON.parse(row.input) as Record<string, unknown>;
  const live = createLiveExecution({ row, input, target: undefined, outputsDirectory, hasOutput: true });
  await loadOutput(live);
  live.end();
  return live;
}
