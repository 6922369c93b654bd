/** Commits the writes of one turn of the event loop together: a transaction costs about as much as the statements of several executions. */
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

export function createWriteQueue(db: Database): WriteQueue {
  let waiting: Group[] = [];
  let flushing: Promise<void> | undefined;

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

  const flushAll = async () => {
    // After this turn's input has been read, so that all requests that came together are committed together.
    await new Promise((resolve) => setImmediate(resolve));
    while (waiting.length > 0) {
      const groups = waiting;
      waiting = [];
      await settle(groups);
    }
    flushing = undefined;
  };

  return {
    write(statements) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      waiting.push({ statements, resolve, reject });
      flushing ??= flushAll();
      return promise;
    },
    flush: () => flushing ?? Promise.resolve(),
  };
}
