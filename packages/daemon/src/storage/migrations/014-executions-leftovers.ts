/** What an execution has left behind. */
import type { Kysely } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable("executions").addColumn("leftovers", "text").execute();
}
