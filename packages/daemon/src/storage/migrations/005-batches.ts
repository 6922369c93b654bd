/** Batches and their items. */
import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("batches")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("name", "text")
    .addColumn("owner", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("concurrency", "integer", (column) => column.notNull())
    .addColumn("stopOnError", "integer", (column) => column.notNull())
    .addColumn("cancelRequested", "integer", (column) => column.notNull())
    .addColumn("counts", "text", (column) => column.notNull())
    .addColumn("createdAtMs", "integer", (column) => column.notNull())
    .addColumn("endedAtMs", "integer")
    .execute();
  await sql`CREATE INDEX "batchesRunning" ON "batches" ("id") WHERE "endedAtMs" IS NULL`.execute(db);
  await db.schema
    .createTable("batchItems")
    .addColumn("batchId", "text", (column) => column.notNull())
    .addColumn("position", "integer", (column) => column.notNull())
    .addColumn("itemId", "text", (column) => column.notNull())
    .addColumn("command", "text", (column) => column.notNull())
    .addColumn("needs", "text", (column) => column.notNull())
    .addColumn("request", "text")
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("executionId", "text")
    .addColumn("error", "text")
    .addColumn("endedAtMs", "integer")
    .addColumn("endOrder", "integer")
    .addPrimaryKeyConstraint("batchItemsKey", ["batchId", "position"])
    .modifyEnd(sql`WITHOUT ROWID`)
    .execute();
}
