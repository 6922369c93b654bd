/** API keys: hashes and rights, never the keys themselves. */
import type { Kysely } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("keys")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("name", "text", (column) => column.notNull())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("digest", "text", (column) => column.notNull().unique())
    .addColumn("providerNames", "text")
    .addColumn("createdAtMs", "integer", (column) => column.notNull())
    .addColumn("createdBy", "text", (column) => column.notNull())
    .addColumn("expiresAtMs", "integer")
    .addColumn("lastUsedAtMs", "integer")
    .addColumn("revokedAtMs", "integer")
    .execute();
}
