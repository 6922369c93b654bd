/** Executions, and the order and states that listing and resuming them need. */
import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("executions")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("command", "text", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("owner", "text", (column) => column.notNull())
    .addColumn("priority", "integer", (column) => column.notNull())
    .addColumn("tags", "text", (column) => column.notNull())
    .addColumn("input", "text", (column) => column.notNull())
    .addColumn("cwd", "text", (column) => column.notNull())
    .addColumn("env", "text")
    .addColumn("timeoutMs", "integer", (column) => column.notNull())
    .addColumn("attempt", "integer", (column) => column.notNull())
    .addColumn("createdAtMs", "integer", (column) => column.notNull())
    .addColumn("startedAtMs", "integer")
    .addColumn("endedAtMs", "integer")
    .addColumn("result", "text")
    .addColumn("error", "text")
    .addColumn("exitCode", "integer")
    .addColumn("signal", "text")
    .addColumn("outputBytes", "integer", (column) => column.notNull())
    .execute();
  // Partial, so that the table's growth costs neither them nor the insert: a row enters one when it begins and the other when it ends.
  await sql`CREATE INDEX "executionsUnfinished" ON "executions" ("id") WHERE "endedAtMs" IS NULL`.execute(db);
  await sql`CREATE INDEX "executionsNotSucceeded" ON "executions" ("state", "id") WHERE "endedAtMs" IS NOT NULL AND "state" <> 'succeeded'`.execute(
    db,
  );
  await db.schema.createIndex("executionsByCommand").on("executions").columns(["command", "id"]).execute();
  await db.schema
    .createTable("attempts")
    .addColumn("executionId", "text", (column) => column.notNull())
    .addColumn("attempt", "integer", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("startedAtMs", "integer", (column) => column.notNull())
    .addColumn("endedAtMs", "integer")
    .addColumn("exitCode", "integer")
    .addColumn("signal", "text")
    .addColumn("error", "text")
    .addColumn("worker", "text")
    .addPrimaryKeyConstraint("attemptsKey", ["executionId", "attempt"])
    .modifyEnd(sql`WITHOUT ROWID`)
    .execute();
}
