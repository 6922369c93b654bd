/** The states of a tick and the legal ways between them. */
import { endedStates, type TickState } from "@gantry/contract";

const transitions: Readonly<Record<TickState, readonly TickState[]>> = {
  waiting: ["starting", "skipped", "missed"],
  // Straight to an end: it was begun by a daemon that died, and its execution ended before the next one looked.
  starting: ["running", "refused", "missed", ...endedStates],
  running: endedStates,
  succeeded: [],
  failed: [],
  timedOut: [],
  cancelled: [],
  interrupted: [],
  expired: [],
  skipped: [],
  missed: [],
  refused: [],
};

export function isFinalTick(state: TickState): boolean {
  return transitions[state].length === 0;
}

/** Returns the new state; throws on a transition that is a defect of ours. */
export function tickTransition(from: TickState, to: TickState): TickState {
  if (!transitions[from].includes(to)) throw new Error(`a tick cannot go from ${from} to ${to}`);
  return to;
}
