/** The true input of an execution whose shown input has secrets concealed: sealed until its end, and as a digest to compare it by. */
import type { Kysely } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable("executions").addColumn("sealedInput", "text").execute();
  await db.schema.alterTable("executions").addColumn("inputDigest", "text").execute();
}
