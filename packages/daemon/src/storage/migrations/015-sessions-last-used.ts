/** When a session was last viewed or at work: its idle time goes on from there after a restart. */
import type { Kysely } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable("sessions")
    .addColumn("lastUsedMs", "integer", (column) => column.notNull().defaultTo(0))
    .execute();
}
