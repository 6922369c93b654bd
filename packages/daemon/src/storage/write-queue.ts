/** Commits writes of different owners together: a transaction costs about as much as the statements of several executions. */
import type { CompiledQuery } from "kysely";

import { commitTogether, type Database } from "./database.ts";

export interface WriteQueue {
  /** All of `statements` or none. Resolves when they are committed; rejects with the database's error. */
  write(statements: CompiledQuery[]): Promise<void>;
  /** Resolves when everything written so far is settled. */
  flush(): Promise<void>;
}

interface Group {
  statements: CompiledQuery[];
  resolve(): void;
  reject(error: unknown): void;
}

/** The longest that a write waits for others. */
const gatherMs = 1;

export function createWriteQueue(db: Database): WriteQueue {
  let waiting: Group[] = [];
  /** Under load as many come again soon as came before; alone, nobody does, and a write waits for nothing. */
  let expected = 1;
  let timer: NodeJS.Timeout | undefined;
  let scheduled = false;
  let committing: Promise<void> | undefined;

  const commit = (groups: Group[]) =>
    commitTogether(
      db,
      groups.flatMap(({ statements }) => statements),
    );

  const settle = async (groups: Group[]) => {
    try {
      await commit(groups);
      for (const group of groups) group.resolve();
    } catch (error) {
      // One bad statement must not take its neighbours with it.
      if (groups.length === 1) groups[0]?.reject(error);
      else for (const group of groups) await settle([group]);
    }
  };

  const commitWaiting = async () => {
    clearTimeout(timer);
    timer = undefined;
    const groups = waiting;
    waiting = [];
    expected = groups.length;
    await settle(groups);
    committing = undefined;
    if (waiting.length > 0) schedule();
  };
  const begin = () => {
    committing ??= commitWaiting();
  };
  const consider = () => {
    scheduled = false;
    if (committing !== undefined || waiting.length === 0) return;
    if (waiting.length >= expected) begin();
    else timer ??= setTimeout(begin, gatherMs);
  };
  /** After this turn's input has been read, so that all requests that came together are committed together. */
  const schedule = () => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(consider);
  };

  return {
    write(statements) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      waiting.push({ statements, resolve, reject });
      schedule();
      return promise;
    },
    async flush() {
      while (committing !== undefined || waiting.length > 0) await (committing ??= commitWaiting());
    },
  };
}
