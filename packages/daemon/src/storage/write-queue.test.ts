import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { sql } from "kysely";
import { expect, test } from "vitest";

import { createLogger } from "../core/logger.ts";
import { openDatabase } from "./database.ts";
import { createWriteQueue } from "./write-queue.ts";

test("writes of many are settled each on its own, whatever comes together, after fewer than before, or while a transaction is open", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gantry-writes-"));
  const { db } = await openDatabase(join(folder, "test.db"), createLogger({ level: "fatal" }));
  try {
    await sql`CREATE TABLE "numbers" ("n" INTEGER PRIMARY KEY)`.execute(db);
    const queue = createWriteQueue(db);
    const insert = (n: number) => queue.write([sql`INSERT INTO "numbers" VALUES (${n})`.compile(db)]);
    const stored = async () => (await sql<{ n: number }>`SELECT "n" FROM "numbers" ORDER BY "n"`.execute(db)).rows.map(({ n }) => n);

    const settled = await Promise.allSettled([1, 2, 2, 3].map(insert));
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected", "fulfilled"]);
    // Four were written together just before; this one has nobody to wait for.
    await insert(4);
    expect(await stored()).toEqual([1, 2, 3, 4]);

    const other = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const transaction = db.transaction().execute(async (trx) => {
      await sql`INSERT INTO "numbers" VALUES (5)`.execute(trx);
      begun.resolve();
      await other.promise;
      throw new Error("rolled back");
    });
    await begun.promise;
    const during = insert(6);
    const flushed = queue.flush();
    other.resolve();
    await expect(transaction).rejects.toThrow("rolled back");
    await Promise.all([during, flushed]);
    expect(await stored()).toEqual([1, 2, 3, 4, 6]);
  } finally {
    await db.destroy();
    await rm(folder, { recursive: true });
  }
});
