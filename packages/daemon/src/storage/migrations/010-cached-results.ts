/** Results that may answer a later request, and the orders in which they are dropped. */
import type { Kysely } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("cachedResults")
    .addColumn("key", "text", (column) => column.primaryKey())
    .addColumn("command", "text", (column) => column.notNull())
    .addColumn("executionId", "text", (column) => column.notNull())
    .addColumn("createdAtMs", "integer", (column) => column.notNull())
    .addColumn("expiresAtMs", "integer", (column) => column.notNull())
    .addColumn("usedAtMs", "integer", (column) => column.notNull())
    .addColumn("bytes", "integer", (column) => column.notNull())
    .addColumn("result", "text")
    .addColumn("output", "text", (column) => column.notNull())
    .addColumn("outputBytes", "integer", (column) => column.notNull())
    .addColumn("durationMs", "integer", (column) => column.notNull())
    .execute();
  await db.schema.createIndex("cachedResultsByUse").on("cachedResults").columns(["usedAtMs", "bytes"]).execute();
  await db.schema.createIndex("cachedResultsByEnd").on("cachedResults").column("expiresAtMs").execute();
}
