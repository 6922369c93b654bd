/** The rows of sessions. */
import type { SessionState } from "@gantry/contract";
import { type Selectable, sql } from "kysely";

import type { Database } from "../storage/database.ts";
import type { SessionsTable } from "../storage/tables.ts";

export type SessionRow = Selectable<SessionsTable>;

export interface SessionQuery {
  states?: readonly SessionState[] | undefined;
  /** Only this key's sessions. */
  owner?: string | undefined;
  tag?: string | undefined;
  /** Found in name, title, program, folder, or tags. */
  search?: string | undefined;
  /** Older than this id. */
  before?: string | undefined;
  limit: number;
}

export interface SessionStore {
  insert(row: SessionRow): Promise<void>;
  update(id: string, change: Partial<SessionRow>): Promise<void>;
  get(id: string): Promise<SessionRow | undefined>;
  /** The newest session that has or had this name. */
  byName(name: string): Promise<SessionRow | undefined>;
  inStates(states: readonly SessionState[]): Promise<SessionRow[]>;
  /** Newest first. */
  page(query: SessionQuery): Promise<SessionRow[]>;
  count(): Promise<number>;
}

/** Case counts for nothing, and the text's own % and _ stand for themselves. */
function like(column: "name" | "title" | "argv" | "cwd" | "tags", text: string) {
  const pattern = `%${text.toLowerCase().replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
  return sql<boolean>`lower(${sql.ref(column)}) LIKE ${pattern} ESCAPE '\\'`;
}

export function createSessionStore(db: Database): SessionStore {
  return {
    insert: async (row) => void (await db.insertInto("sessions").values(row).execute()),
    update: async (id, change) => void (await db.updateTable("sessions").set(change).where("id", "=", id).execute()),
    get: (id) => db.selectFrom("sessions").selectAll().where("id", "=", id).executeTakeFirst(),
    byName: (name) => db.selectFrom("sessions").selectAll().where("name", "=", name).orderBy("id", "desc").limit(1).executeTakeFirst(),
    inStates: (states) => db.selectFrom("sessions").selectAll().where("state", "in", states).execute(),
    page({ states, owner, tag, search, before, limit }) {
      let query = db.selectFrom("sessions").selectAll().orderBy("id", "desc").limit(limit);
      if (states !== undefined) query = query.where("state", "in", states);
      if (owner !== undefined) query = query.where("owner", "=", owner);
      if (tag !== undefined) query = query.where(like("tags", JSON.stringify(tag)));
      if (search !== undefined) {
        query = query.where(({ or }) => or((["name", "title", "argv", "cwd", "tags"] as const).map((column) => like(column, search))));
      }
      if (before !== undefined) query = query.where("id", "<", before);
      return query.execute();
    },
    async count() {
      const row = await db
        .selectFrom("sessions")
        .select(({ fn }) => fn.countAll<number>().as("count"))
        .executeTakeFirst();
      return row?.count ?? 0;
    },
  };
}
