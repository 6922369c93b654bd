/** Whether an execution is tried again after an attempt, and when: retries with backoff, and re-runs of what may be repeated. */
import type { ExecutionState } from "@gantry/contract";

export interface RepeatPolicy {
  /** After attempts that failed or timed out. */
  retries: number;
  retryDelayMs: number;
  retryMaxDelayMs: number;
  /** May be run again when nobody knows how far it came. */
  idempotent: boolean;
}

/** What has been used up of the policy. */
export interface Spent {
  retries: number;
  interruptions: number;
}

/** More often than this, it is likely what kills the daemon or its worker. */
export const maxInterruptions = 3;

const once: RepeatPolicy = { retries: 0, retryDelayMs: 0, retryMaxDelayMs: 0, idempotent: false };

/** As a row holds it; null for the usual one, so that the usual row has nothing to hold. */
export function policyText(policy: RepeatPolicy): string | null {
  return policy.retries === 0 && !policy.idempotent ? null : JSON.stringify(policy);
}

export function parsePolicy(text: string | null): RepeatPolicy {
  return text === null ? once : { ...once, ...(JSON.parse(text) as Partial<RepeatPolicy>) };
}

/** What the attempts so far have used up. */
export function spentBy(states: readonly ExecutionState[]): Spent {
  const count = (...wanted: ExecutionState[]) => states.filter((state) => wanted.includes(state)).length;
  return { retries: count("failed", "timedOut"), interruptions: count("interrupted") };
}

/** Undefined: the attempt was the last one. `random` gives 0 up to 1. */
export function nextTry(
  ended: ExecutionState,
  policy: RepeatPolicy,
  spent: Spent,
  random: () => number,
): { delayMs: number; spent: Spent } | undefined {
  if (ended === "failed" || ended === "timedOut") {
    if (spent.retries >= policy.retries) return undefined;
    const longestMs = Math.min(policy.retryMaxDelayMs, policy.retryDelayMs * 2 ** spent.retries);
    // Full jitter: what failed together must not come back together.
    return { delayMs: Math.round(random() * longestMs), spent: { ...spent, retries: spent.retries + 1 } };
  }
  if (ended === "interrupted" && policy.idempotent && spent.interruptions < maxInterruptions)
    return { delayMs: 0, spent: { ...spent, interruptions: spent.interruptions + 1 } };
  return undefined;
}
