/** What is said of executions that are refused, or end without words of their own. */
import { type ExecutionError, type ExecutionState, GantryError } from "@gantry/contract";

import type { AttemptOutcome } from "./state.ts";

/** `queue`: whose own limit it is; undefined for that of the whole instance. */
export function queueFull(limit: number, queue?: string): GantryError {
  const [which, key] = queue === undefined ? ["queue", "commands.maxQueued"] : [`queue ${queue}`, `queue.${queue}.maxQueued`];
  return new GantryError(
    "resourceExhausted",
    `The ${which} is full: ${limit} executions may wait (${key}). Nothing was queued; try again later, or cancel some of: gantry ps.`,
    { details: { limit, ...(queue === undefined ? {} : { queue }) } },
  );
}

export const cancelledWaiting = { name: "Cancelled", message: "It was cancelled before it began." };

export const expiredWaiting = { name: "Expired", message: "It did not begin in the time that it was given." };

const messages: Partial<Record<ExecutionState, string>> = {
  cancelled: "It was cancelled.",
  timedOut: "It took longer than its time limit and was ended.",
  interrupted: "The daemon stopped while it ran.",
};

/** Of an outcome after which nothing more is tried; whoever reads `interrupted` wants to know whether it was done again. */
export function finalError({ error }: AttemptOutcome, state: ExecutionState): ExecutionError | null {
  if (state === "succeeded") return null;
  const { message = messageOf(state), ...rest } = error ?? { name: state };
  return { ...rest, message: state === "interrupted" ? `${message} It was not run again.` : message };
}

export function messageOf(state: ExecutionState): string {
  return messages[state] ?? state;
}
