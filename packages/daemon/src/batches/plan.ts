/** Which item of a batch may begin next: needs, concurrency, and stop-on-error. Pure. */
export interface PlannedItem {
  id: string;
  needs: readonly string[];
}

export interface NeedsIssue {
  index: number;
  field: "id" | "needs";
  message: string;
}

/** Names given twice, needs that are not there, and cycles, each named. Empty when all is well. */
export function checkNeeds(items: readonly PlannedItem[]): NeedsIssue[] {
  const byId = new Map<string, number>();
  const issues: NeedsIssue[] = [];
  for (const [index, { id }] of items.entries()) {
    const first = byId.get(id);
    if (first === undefined) byId.set(id, index);
    else
      issues.push({
        index,
        field: "id",
        message: `${JSON.stringify(id)} is the name of items.${first} already; give each item its own`,
      });
  }
  for (const [index, { needs }] of items.entries()) {
    for (const need of needs)
      if (!byId.has(need)) issues.push({ index, field: "needs", message: `there is no item ${JSON.stringify(need)} in this batch` });
  }
  if (issues.length > 0) return issues;
  const cycle = findCycle(items, byId);
  if (cycle === undefined) return [];
  const named = cycle.map((index) => (items[index] as PlannedItem).id);
  return [
    {
      index: cycle[0] as number,
      field: "needs",
      message: `these items need each other in a circle: ${named.join(" → ")}; take one of the needs away`,
    },
  ];
}

/** The indices of one circle, its first item repeated at the end. Iterative: a chain may be as long as a batch. */
function findCycle(items: readonly PlannedItem[], byId: ReadonlyMap<string, number>): number[] | undefined {
  const done = new Set<number>();
  const onPath = new Map<number, number>();
  for (const start of items.keys()) {
    if (done.has(start)) continue;
    const path: { index: number; next: number }[] = [{ index: start, next: 0 }];
    onPath.set(start, 0);
    while (path.length > 0) {
      const step = path.at(-1) as (typeof path)[number];
      const need = (items[step.index] as PlannedItem).needs[step.next];
      step.next += 1;
      if (need === undefined) {
        path.pop();
        onPath.delete(step.index);
        done.add(step.index);
        continue;
      }
      const index = byId.get(need) as number;
      const seenAt = onPath.get(index);
      if (seenAt !== undefined) return [...path.slice(seenAt).map((one) => one.index), index];
      if (done.has(index)) continue;
      onPath.set(index, path.length);
      path.push({ index, next: 0 });
    }
  }
  return undefined;
}

export interface Plan {
  /** The first item, in the batch's order, that may begin now; it counts as running from then on. */
  take(): number | undefined;
  /** Answers with the items that will therefore never begin, in the batch's order. */
  end(index: number, succeeded: boolean): number[];
  /** No more items begin. Answers with those that never will. */
  stop(): number[];
}

/** Items must have passed `checkNeeds`. All begin as waiting; what happened before a restart is replayed with `resume`. */
export function createPlan(
  items: readonly PlannedItem[],
  { concurrency, stopOnError }: { concurrency: number; stopOnError: boolean },
): Plan & {
  resume(index: number): void;
} {
  const byId = new Map(items.map(({ id }, index) => [id, index]));
  const neededBy = items.map((): number[] => []);
  const missing = items.map(({ needs }, index) => {
    const own = new Set(needs);
    for (const need of own) neededBy[byId.get(need) as number]?.push(index);
    return own.size;
  });
  const waiting = new Set(items.keys());
  const running = new Set<number>();
  /** Rising indices of waiting items that need nothing more. */
  const ready = [...items.keys()].filter((index) => missing[index] === 0);
  let stopped = false;

  const insertReady = (index: number) => {
    let low = 0;
    let high = ready.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ready[middle] as number) < index) low = middle + 1;
      else high = middle;
    }
    ready.splice(low, 0, index);
  };

  const stop = () => {
    stopped = true;
    const left = [...waiting];
    waiting.clear();
    return left;
  };

  /** Everything that needs it, directly or not. */
  const forsake = (index: number) => {
    const lost: number[] = [];
    const queue = [index];
    for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
      for (const dependant of neededBy[at] as number[]) {
        if (!waiting.delete(dependant)) continue;
        lost.push(dependant);
        queue.push(dependant);
      }
    }
    return lost.sort((one, other) => one - other);
  };

  return {
    take() {
      if (stopped || running.size >= concurrency) return undefined;
      for (let index = ready.shift(); index !== undefined; index = ready.shift()) {
        if (!waiting.delete(index)) continue;
        running.add(index);
        return index;
      }
      return undefined;
    },
    resume(index) {
      waiting.delete(index);
      running.add(index);
    },
    end(index, succeeded) {
      running.delete(index);
      if (!succeeded) return stopOnError ? stop() : forsake(index);
      for (const dependant of neededBy[index] as number[]) {
        missing[dependant] = (missing[dependant] as number) - 1;
        if (missing[dependant] === 0 && waiting.has(dependant)) insertReady(dependant);
      }
      return [];
    },
    stop,
  };
}
