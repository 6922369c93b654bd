/** Calls that wait for a free slot: first come, first served among those that an instance can serve. */

export interface WaitQueue<Waiter> {
  readonly size: number;
  /** `key` names what it waits for; an instance asks only for the keys it can serve, so other providers' crowds cost it nothing. */
  push(key: string, waiter: Waiter): void;
  remove(key: string, waiter: Waiter): void;
  /** The first waiter with one of the keys that fits, taken out. */
  take(keys: Iterable<string>, fits: (waiter: Waiter) => boolean): Waiter | undefined;
  sizeOf(key: string): number;
  [Symbol.iterator](): Iterator<Waiter>;
}

export function createWaitQueue<Waiter>(): WaitQueue<Waiter> {
  // Maps keep the order of insertion and remove in constant time, which cancels and deadlines need.
  const byKey = new Map<string, Map<Waiter, number>>();
  let arrivals = 0;
  let size = 0;

  const remove = (key: string, waiter: Waiter) => {
    const line = byKey.get(key);
    if (line?.delete(waiter) !== true) return;
    size -= 1;
    if (line.size === 0) byKey.delete(key);
  };

  return {
    get size() {
      return size;
    },
    push(key, waiter) {
      const line = byKey.get(key) ?? new Map<Waiter, number>();
      line.set(waiter, (arrivals += 1));
      byKey.set(key, line);
      size += 1;
    },
    remove,
    take(keys, fits) {
      let first: { key: string; waiter: Waiter; arrival: number } | undefined;
      for (const key of keys) {
        for (const [waiter, arrival] of byKey.get(key) ?? []) {
          if (first !== undefined && arrival > first.arrival) break;
          if (!fits(waiter)) continue;
          first = { key, waiter, arrival };
          break;
        }
      }
      if (first !== undefined) remove(first.key, first.waiter);
      return first?.waiter;
    },
    sizeOf: (key) => byKey.get(key)?.size ?? 0,
    *[Symbol.iterator]() {
      for (const line of byKey.values()) yield* line.keys();
    },
  };
}
