/** Lets at most one call in ten be sent a second time, so that failing providers are not buried under repetitions. */

/** What each call adds. */
const share = 0.1;
/** A quiet daemon may still fail over: so many at once, and one more each second. */
const reserve = 10;
const most = 100;

export interface RetryBudget {
  /** Whole retries that are left. */
  readonly left: number;
  noteCall(): void;
  /** False when the budget is spent. */
  take(now: number): boolean;
}

export function createRetryBudget(): RetryBudget {
  let balance = reserve;
  let refilledAt = Number.NEGATIVE_INFINITY;
  return {
    get left() {
      return Math.floor(balance);
    },
    noteCall() {
      if (balance < most) balance += share;
    },
    take(now) {
      const seconds = (now - refilledAt) / 1000;
      if (balance < reserve) balance = Math.min(reserve, balance + seconds);
      refilledAt = now;
      if (balance < 1) return false;
      balance -= 1;
      return true;
    },
  };
}
