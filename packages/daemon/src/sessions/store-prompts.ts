/** The rows of prompts. */
import type { Database } from "../storage/database.ts";
import type { PromptsTable } from "../storage/tables.ts";

/** No column is made by the database. */
export type PromptRow = PromptsTable;

export interface PromptStore {
  insert(row: PromptRow): Promise<void>;
  update(id: string, change: Partial<PromptRow>): Promise<void>;
  get(id: string): Promise<PromptRow | undefined>;
  /** Of all sessions, oldest first. */
  open(): Promise<PromptRow[]>;
  /** The newest that have ended, oldest first. */
  ended(sessionId: string, limit: number): Promise<PromptRow[]>;
  /** Deletes what has ended but for the newest. */
  prune(sessionId: string, keep: number): Promise<void>;
}

export function createPromptStore(db: Database): PromptStore {
  const endedOf = (sessionId: string) =>
    db.selectFrom("prompts").where("sessionId", "=", sessionId).where("endedAtMs", "is not", null).orderBy("id", "desc");
  return {
    insert: async (row) => void (await db.insertInto("prompts").values(row).execute()),
    update: async (id, change) => void (await db.updateTable("prompts").set(change).where("id", "=", id).execute()),
    get: (id) => db.selectFrom("prompts").selectAll().where("id", "=", id).executeTakeFirst(),
    open: () => db.selectFrom("prompts").selectAll().where("endedAtMs", "is", null).orderBy("id").execute(),
    ended: async (sessionId, limit) => (await endedOf(sessionId).selectAll().limit(limit).execute()).toReversed(),
    async prune(sessionId, keep) {
      const oldest = await endedOf(sessionId).select("id").offset(keep).limit(1).executeTakeFirst();
      if (oldest === undefined) return;
      await db
        .deleteFrom("prompts")
        .where("sessionId", "=", sessionId)
        .where("endedAtMs", "is not", null)
        .where("id", "<=", oldest.id)
        .execute();
    },
  };
}
