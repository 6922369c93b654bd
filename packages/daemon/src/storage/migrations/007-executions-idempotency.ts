/** A caller's own key for an execution: at most one of each. */
import { type Kysely, sql } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable("executions").addColumn("idempotencyKey", "text").execute();
  // Partial: executions without a key cost it nothing.
  await sql`CREATE UNIQUE INDEX "executionsByKey" ON "executions" ("owner", "idempotencyKey") WHERE "idempotencyKey" IS NOT NULL`.execute(
    db,
  );
}
