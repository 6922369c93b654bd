/** What is said of executions that are refused, or end without words of their own. */
import { type ExecutionState, GantryError } from "@gantry/contract";

export function queueFull(limit: number): GantryError {
  return new GantryError(
    "resourceExhausted",
    `The queue is full: ${limit} executions may wait (commands.maxQueued). Nothing was queued; try again later, or cancel some of: gantry ps.`,
    { details: { limit } },
  );
}

export const cancelledWaiting = { name: "Cancelled", message: "It was cancelled before it began." };

export const defaultMessages: Partial<Record<ExecutionState, string>> = {
  cancelled: "It was cancelled.",
  timedOut: "It took longer than its time limit and was ended.",
  interrupted: "The daemon stopped while it ran. It was not run again.",
};
