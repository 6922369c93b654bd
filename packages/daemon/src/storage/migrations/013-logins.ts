/** Browsers that were signed in with a one-time code. Both of a login's secrets are kept as digests only. */
import type { Kysely } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("logins")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("role", "text", (column) => column.notNull())
    .addColumn("digest", "text", (column) => column.notNull())
    .addColumn("csrfDigest", "text", (column) => column.notNull())
    .addColumn("browser", "text", (column) => column.notNull())
    .addColumn("createdAtMs", "integer", (column) => column.notNull())
    .addColumn("expiresAtMs", "integer", (column) => column.notNull())
    .addColumn("lastUsedAtMs", "integer")
    .execute();
}
