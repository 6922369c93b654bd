/** The states of a provider instance and of a call, and which event leads from one to the next. Pure. */

/**
 * `lingering`: its caller has been answered, but the provider has not said that it stopped, so its slot still counts.
 * A call is answered exactly once, on leaving queued, sent, or streaming for lingering or closed.
 */
export type CallState = "queued" | "sent" | "streaming" | "lingering" | "closed";

/**
 * `finish` is the provider's result or fail; `settle` is an end the daemon decides (cancel, budget, broken protocol);
 * `lost` is the connection going away; `retry` is a lost call going back to the queue for its one failover.
 */
export type CallEvent = "send" | "chunk" | "finish" | "settle" | "lost" | "retry" | "expire";

const callTable: Record<CallState, Partial<Record<CallEvent, CallState>>> = {
  queued: { send: "sent", settle: "closed" },
  sent: { chunk: "streaming", finish: "closed", settle: "lingering", lost: "closed", retry: "queued" },
  // No retry here: the caller has seen a part, and a second run could contradict it.
  streaming: { chunk: "streaming", finish: "closed", settle: "lingering", lost: "closed" },
  lingering: { chunk: "lingering", finish: "closed", lost: "closed", expire: "closed" },
  closed: {},
};

/** The state after the event, or undefined when the event is not possible now and must be ignored. */
export function nextCallState(state: CallState, event: CallEvent): CallState | undefined {
  return callTable[state][event];
}

/** True while somebody still waits for the outcome. */
export function isAwaited(state: CallState): boolean {
  return state === "queued" || state === "sent" || state === "streaming";
}

/** True while the call takes one of its instance's slots. */
export function holdsSlot(state: CallState): boolean {
  return state === "sent" || state === "streaming" || state === "lingering";
}

export type InstanceState = "ready" | "degraded" | "draining" | "gone";
export type InstanceEvent = "ok" | "degrade" | "drain" | "leave";

const instanceTable: Record<InstanceState, Partial<Record<InstanceEvent, InstanceState>>> = {
  ready: { ok: "ready", degrade: "degraded", drain: "draining", leave: "gone" },
  degraded: { ok: "ready", degrade: "degraded", drain: "draining", leave: "gone" },
  // A load hint does not end a drain: only a new connection takes calls again.
  draining: { ok: "draining", degrade: "draining", drain: "draining", leave: "gone" },
  gone: {},
};

export function nextInstanceState(state: InstanceState, event: InstanceEvent): InstanceState {
  return instanceTable[state][event] ?? state;
}
