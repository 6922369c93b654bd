/** What an agent in a session was doing, and the prompts that it was given or that wait. */
import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable("sessions").addColumn("agent", "text").execute();
  await db.schema
    .createTable("prompts")
    .addColumn("id", "text", (column) => column.primaryKey())
    .addColumn("sessionId", "text", (column) => column.notNull())
    .addColumn("owner", "text", (column) => column.notNull())
    .addColumn("state", "text", (column) => column.notNull())
    .addColumn("text", "text", (column) => column.notNull())
    .addColumn("createdAtMs", "integer", (column) => column.notNull())
    .addColumn("submittedAtMs", "integer")
    .addColumn("endedAtMs", "integer")
    .addColumn("error", "text")
    .addColumn("output", "text")
    .execute();
  await sql`CREATE INDEX "promptsBySession" ON "prompts" ("sessionId", "id")`.execute(db);
  await sql`CREATE INDEX "promptsOpen" ON "prompts" ("id") WHERE "endedAtMs" IS NULL`.execute(db);
}
