/** All SQL of cached results. */
import type { Selectable } from "kysely";
import { sql } from "kysely";

import type { Database } from "../../storage/database.ts";
import type { CachedResultsTable } from "../../storage/tables.ts";

export type CachedResult = Selectable<CachedResultsTable>;

/** What is kept of an execution. */
export type Snapshot = Pick<CachedResult, "executionId" | "result" | "output" | "outputBytes" | "durationMs" | "bytes">;

export interface CacheStore {
  get(key: string): Promise<CachedResult | undefined>;
  put(result: CachedResult): Promise<void>;
  touch(keys: readonly string[], nowMs: number): Promise<void>;
  dropExpired(nowMs: number): Promise<void>;
  /** Drops those used longest ago until the others take no more than this. */
  makeRoom(maxBytes: number): Promise<void>;
  clear(command: string | undefined): Promise<number>;
  size(): Promise<{ entries: number; bytes: number }>;
}

/** Dropped in one statement. */
const dropAtOnce = 100;

export function createCacheStore(db: Database): CacheStore {
  // The one statement of every hit, compiled once.
  const byKey = db.selectFrom("cachedResults").selectAll().where("key", "=", "").compile();
  let totals: { entries: number; bytes: number } | undefined;

  const count = async () =>
    db
      .selectFrom("cachedResults")
      .select([db.fn.countAll<number>().as("entries"), sql<number>`ifnull(sum("bytes"), 0)`.as("bytes")])
      .executeTakeFirstOrThrow();
  /** Grows with each result until the limit seems to be reached; only then, counting them all is worth its time. */
  const size = async () => (totals ??= await count());

  return {
    async get(key) {
      const { rows } = await db.executeQuery<CachedResult>({ ...byKey, parameters: [key] });
      return rows[0];
    },
    async put(result) {
      await db
        .insertInto("cachedResults")
        .values(result)
        .onConflict((conflict) => conflict.column("key").doUpdateSet(result))
        .execute();
      // One that took another's place is counted twice, until it matters.
      if (totals !== undefined) totals = { entries: totals.entries + 1, bytes: totals.bytes + result.bytes };
    },
    async touch(keys, nowMs) {
      await sql`UPDATE "cachedResults" SET "usedAtMs" = ${nowMs} WHERE "key" IN (SELECT value FROM json_each(${JSON.stringify(keys)}))`.execute(
        db,
      );
    },
    async dropExpired(nowMs) {
      const { numDeletedRows } = await db.deleteFrom("cachedResults").where("expiresAtMs", "<=", nowMs).executeTakeFirst();
      if (numDeletedRows > 0n) totals = undefined;
    },
    async makeRoom(maxBytes) {
      if ((await size()).bytes <= maxBytes) return;
      totals = await count();
      for (let { bytes } = totals; bytes > maxBytes;) {
        const oldest = await db.selectFrom("cachedResults").select(["key", "bytes"]).orderBy("usedAtMs").limit(dropAtOnce).execute();
        const dropped: string[] = [];
        for (const entry of oldest) {
          if (bytes <= maxBytes) break;
          dropped.push(entry.key);
          bytes -= entry.bytes;
        }
        totals = undefined;
        if (dropped.length === 0) return;
        await db.deleteFrom("cachedResults").where("key", "in", dropped).execute();
      }
    },
    async clear(command) {
      let query = db.deleteFrom("cachedResults");
      if (command !== undefined) query = query.where("command", "=", command);
      const { numDeletedRows } = await query.executeTakeFirst();
      totals = undefined;
      return Number(numDeletedRows);
    },
    size: count,
  };
}
