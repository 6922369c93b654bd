/** The states of an execution and the legal ways between them. */
import type { ExecutionState } from "@gantry/contract";

const transitions: Readonly<Record<ExecutionState, readonly ExecutionState[]>> = {
  scheduled: ["queued", "cancelled", "expired"],
  queued: ["running", "failed", "cancelled", "expired"],
  // Back to waiting: another attempt, after a failure or a crash of something that may be repeated.
  running: ["succeeded", "failed", "timedOut", "cancelled", "interrupted", "scheduled", "queued"],
  succeeded: [],
  failed: [],
  timedOut: [],
  cancelled: [],
  interrupted: [],
  expired: [],
};

export function isFinal(state: ExecutionState): boolean {
  return transitions[state].length === 0;
}

/** Returns the new state; throws on a transition that is a defect of ours. */
export function transition(from: ExecutionState, to: ExecutionState): ExecutionState {
  if (!transitions[from].includes(to)) throw new Error(`an execution cannot go from ${from} to ${to}`);
  return to;
}

/** How one attempt ended, as an engine saw it. */
export interface AttemptOutcome {
  /** The first cause: what came after it (an exit code of a killed process, say) is only its consequence. */
  endedBy: "itself" | "cancelled" | "timedOut" | "interrupted" | "expired";
  exitCode: number | null;
  signal: string | null;
  /** JSON text of what a function returned. */
  result?: string | undefined;
  /** Processes that it has left behind. */
  leftovers?: readonly { pid: number; command: string }[] | undefined;
  error?: { name: string; message: string; code?: string | undefined; stack?: string | undefined; cause?: unknown } | undefined;
}

export function stateAfter({ endedBy, exitCode, signal, error }: AttemptOutcome): ExecutionState {
  if (endedBy !== "itself") return endedBy;
  return exitCode === 0 && signal === null && error === undefined ? "succeeded" : "failed";
}
