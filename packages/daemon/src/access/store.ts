/** The rows of API keys. */
import type { Selectable } from "kysely";

import type { Database } from "../storage/database.ts";
import type { KeysTable } from "../storage/tables.ts";

export type KeyRow = Selectable<KeysTable>;

export interface KeyStore {
  all(): Promise<KeyRow[]>;
  insert(row: KeyRow): Promise<void>;
  update(id: string, change: Partial<KeyRow>): Promise<void>;
}

export function createKeyStore(db: Database): KeyStore {
  return {
    all: () => db.selectFrom("keys").selectAll().orderBy("id", "desc").execute(),
    insert: async (row) => void (await db.insertInto("keys").values(row).execute()),
    update: async (id, change) => void (await db.updateTable("keys").set(change).where("id", "=", id).execute()),
  };
}
