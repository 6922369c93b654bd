/** The one source of time, so that tests can own it. */
export interface Clock {
  /** Milliseconds since the epoch; for what is stored or shown. */
  now(): number;
  /** Milliseconds from an arbitrary start, never stepping back; for durations and deadlines. */
  monotonic(): number;
}

export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now() };

let latest = { epochMs: 0, text: new Date(0).toISOString() };

export function toTimestamp(epochMs: number): string {
  // Most are asked for in the same millisecond as others.
  if (latest.epochMs !== epochMs) latest = { epochMs, text: new Date(epochMs).toISOString() };
  return latest.text;
}
