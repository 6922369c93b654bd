/** The states of a session and the legal steps between them. */
import type { SessionState } from "@gantry/contract";

export type SessionStep =
  | "started"
  /** Input or output. */
  | "activity"
  /** Neither input nor output for a while. */
  | "quiet"
  | "exited"
  | "failedToStart"
  | "hostLost";

const steps: Record<SessionState, Partial<Record<SessionStep, SessionState>>> = {
  starting: { started: "active", exited: "exited", failedToStart: "failed", hostLost: "lost" },
  active: { quiet: "idle", exited: "exited", hostLost: "lost" },
  idle: { activity: "active", exited: "exited", hostLost: "lost" },
  exited: {},
  failed: {},
  lost: {},
};

export const liveStates: readonly SessionState[] = ["starting", "active", "idle"];

export function isLive(state: SessionState): boolean {
  return liveStates.includes(state);
}

/** The state after a step; the same state when the step changes nothing, such as a late `exited` after `lost`. */
export function nextState(state: SessionState, step: SessionStep): SessionState {
  return steps[state][step] ?? state;
}
