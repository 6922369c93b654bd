/** The table of sessions. */
import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("sessions")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("name", "text")
    .addColumn("profile", "text")
    .addColumn("mode", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("argv", "text", (column) => column.notNull())
    .addColumn("cwd", "text", (column) => column.notNull())
    .addColumn("cols", "integer", (column) => column.notNull())
    .addColumn("rows", "integer", (column) => column.notNull())
    .addColumn("pid", "integer")
    .addColumn("title", "text", (column) => column.notNull())
    .addColumn("tags", "text", (column) => column.notNull())
    .addColumn("owner", "text", (column) => column.notNull())
    .addColumn("outputBytes", "integer", (column) => column.notNull())
    .addColumn("exitCode", "integer")
    .addColumn("signal", "text")
    .addColumn("endReason", "text")
    .addColumn("createdAtMs", "integer", (column) => column.notNull())
    .addColumn("lastActivityMs", "integer", (column) => column.notNull())
    .addColumn("endedAtMs", "integer")
    .execute();
  await sql`CREATE INDEX "sessionsLive" ON "sessions" ("id") WHERE "endedAtMs" IS NULL`.execute(db);
  await sql`CREATE INDEX "sessionsByName" ON "sessions" ("name", "id") WHERE "name" IS NOT NULL`.execute(db);
}
