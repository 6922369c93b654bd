/** The worker of a running execution stands in its own row, so that an attempt is written once, when it has ended. */
import type { Kysely } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable("executions").addColumn("worker", "text").execute();
}
