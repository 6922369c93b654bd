/** Calls that wait for a free slot: first come, first served among those that an instance can serve. */

export interface WaitQueue<Waiter> {
  readonly size: number;
  push(waiter: Waiter): void;
  remove(waiter: Waiter): void;
  /** The first waiter that fits, taken out. */
  take(fits: (waiter: Waiter) => boolean): Waiter | undefined;
  [Symbol.iterator](): Iterator<Waiter>;
}

export function createWaitQueue<Waiter>(): WaitQueue<Waiter> {
  // A Set keeps insertion order and removes in constant time, which cancels and deadlines need.
  const waiters = new Set<Waiter>();
  return {
    get size() {
      return waiters.size;
    },
    push: (waiter) => void waiters.add(waiter),
    remove: (waiter) => void waiters.delete(waiter),
    take(fits) {
      for (const waiter of waiters) {
        if (!fits(waiter)) continue;
        waiters.delete(waiter);
        return waiter;
      }
      return undefined;
    },
    [Symbol.iterator]: () => waiters.values(),
  };
}
