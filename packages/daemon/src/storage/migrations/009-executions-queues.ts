/** Where executions wait, how often they are tried, from when and until when they may begin, and what they repeat. */
import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable("executions")
    .addColumn("queue", "text", (column) => column.notNull().defaultTo("default"))
    .execute();
  await db.schema.alterTable("executions").addColumn("policy", "text").execute();
  await db.schema.alterTable("executions").addColumn("dueAtMs", "integer").execute();
  await db.schema.alterTable("executions").addColumn("expiresAtMs", "integer").execute();
  await db.schema.alterTable("executions").addColumn("retryOf", "text").execute();
  await db.schema
    .createTable("pausedQueues")
    .addColumn("name", "text", (column) => column.primaryKey())
    .addColumn("pausedAtMs", "integer", (column) => column.notNull())
    .modifyEnd(sql`WITHOUT ROWID`)
    .execute();
}
