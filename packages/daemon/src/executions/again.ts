/** What an ended execution was asked to do, as a request to do it again. */
import { ExecuteInput, type ExecutionState, GantryError } from "@gantry/contract";

import type { Caller } from "../core/caller.ts";
import type { AtRest } from "./at-rest.ts";
import { parsePolicy } from "./repeat.ts";
import type { RunnableCommand } from "./runnable-command.ts";
import { isFinal } from "./state.ts";
import type { ExecutionRow } from "./store.ts";

export interface AgainOptions {
  atRest: AtRest;
  hasQueue(name: string): boolean;
}

/** Throws conflict when it has not ended, or when its input is not known any more. */
export function requestAgain(
  row: ExecutionRow,
  command: RunnableCommand,
  caller: Caller,
  { atRest, hasQueue }: AgainOptions,
): ExecuteInput {
  if (!isFinal(row.state as ExecutionState)) {
    throw new GantryError(
      "conflict",
      `${row.id} has not ended: it is ${row.state}. Nothing was run; wait for it, or end it with: gantry cancel ${row.id}`,
      {
        details: { executionId: row.id, state: row.state },
      },
    );
  }
  const given = atRest.take(row);
  if (given === undefined) {
    throw new GantryError(
      "conflict",
      `The input of ${row.id} had secret fields, which are forgotten when an execution has ended. Nothing was run; give them anew with: gantry run ${row.command}`,
      { details: { executionId: row.id } },
    );
  }
  const { retries, retryDelayMs } = parsePolicy(row.policy);
  const mayChooseFolder = caller.permissions.has("executions.runFree") && row.cwd !== command.cwd;
  return ExecuteInput.parse({
    command: row.command,
    input: given.input,
    timeoutMs: row.timeoutMs,
    priority: row.priority,
    tags: JSON.parse(row.tags) as string[],
    ...(mayChooseFolder ? { cwd: row.cwd } : {}),
    ...(hasQueue(row.queue) ? { queue: row.queue } : {}),
    ...(retries > 0 ? { retries, retryDelayMs } : {}),
    cache: "bypass",
    wait: false,
  });
}
