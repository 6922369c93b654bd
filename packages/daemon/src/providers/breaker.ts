/** Stops sending a method's calls to an instance that keeps failing them, and tries again with one call at a time. */

/** Failures say something only beside successes: so many calls in a window, and so large a share of them failed. */
const windowMs = 10_000;
const fewestCalls = 5;
const failedShare = 0.5;
/** The first pause, doubled each time the trial fails. */
const firstPauseMs = 1_000;
const longestPauseMs = 30_000;

export interface Breaker {
  /** Undefined while calls may go as usual. */
  readonly openUntil: number | undefined;
  /** Failures in the present window. */
  readonly failures: number;
  readonly isTrying: boolean;
  /** Of the last call that failed. */
  readonly lastError: string | undefined;
  /** True when a call may be sent: it is closed, or its pause is over and no trial is out. */
  admits(now: number): boolean;
  /** A call is being sent. */
  sent(now: number): void;
  /** `ignored`: the end says nothing about the instance, such as a cancel or the caller's own mistake. */
  ended(outcome: "good" | "bad" | "ignored", now: number, error?: string): void;
}

/** Times are of the monotonic clock. `random` from 0 to 1 spreads the trials of many daemons. */
export function createBreaker(random: () => number = Math.random): Breaker {
  let since = Number.NEGATIVE_INFINITY;
  let good = 0;
  let bad = 0;
  let openUntil: number | undefined;
  let pauseMs = firstPauseMs;
  let isTrying = false;
  let lastError: string | undefined;

  const roll = (now: number) => {
    if (now - since <= windowMs) return;
    since = now;
    good = 0;
    bad = 0;
  };
  const open = (now: number) => {
    openUntil = now + pauseMs * (0.8 + 0.4 * random());
    pauseMs = Math.min(longestPauseMs, pauseMs * 2);
  };
  const close = (now: number) => {
    openUntil = undefined;
    pauseMs = firstPauseMs;
    since = Number.NEGATIVE_INFINITY;
    roll(now);
  };

  return {
    get openUntil() {
      return openUntil;
    },
    get failures() {
      return bad;
    },
    get isTrying() {
      return isTrying;
    },
    get lastError() {
      return lastError;
    },
    admits: (now) => openUntil === undefined || (!isTrying && now >= openUntil),
    sent(now) {
      if (openUntil !== undefined && now >= openUntil) isTrying = true;
    },
    ended(outcome, now, error) {
      roll(now);
      if (outcome === "bad") lastError = error;
      if (outcome === "good") good += 1;
      if (outcome === "bad") bad += 1;
      if (openUntil !== undefined) {
        // A call that was sent before it opened proves nothing either way; the trial does.
        if (!isTrying) return;
        isTrying = false;
        if (outcome === "good") close(now);
        else if (outcome === "bad") open(now);
      } else if (bad + good >= fewestCalls && bad >= (bad + good) * failedShare) open(now);
    },
  };
}
