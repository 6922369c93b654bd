/** Schedules, and their ticks: the key of a tick is what keeps it from being fired twice. */
import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("schedules")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("name", "text", (column) => column.notNull().unique())
    .addColumn("source", "text", (column) => column.notNull())
    .addColumn("owner", "text", (column) => column.notNull())
    .addColumn("paused", "integer", (column) => column.notNull())
    .addColumn("definition", "text", (column) => column.notNull())
    .addColumn("anchorMs", "integer", (column) => column.notNull())
    .addColumn("cursorMs", "integer", (column) => column.notNull())
    .addColumn("createdAtMs", "integer", (column) => column.notNull())
    .addColumn("updatedAtMs", "integer", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("ticks")
    .addColumn("scheduleId", "text", (column) => column.notNull())
    .addColumn("scheduledAtMs", "integer", (column) => column.notNull())
    .addColumn("onSchedule", "integer", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("dueAtMs", "integer", (column) => column.notNull())
    .addColumn("executionId", "text")
    .addColumn("error", "text")
    .addColumn("endedAtMs", "integer")
    .addPrimaryKeyConstraint("ticksKey", ["scheduleId", "scheduledAtMs"])
    .modifyEnd(sql`WITHOUT ROWID`)
    .execute();
  await sql`CREATE INDEX "ticksUnfinished" ON "ticks" ("scheduledAtMs") WHERE "endedAtMs" IS NULL`.execute(db);
}
