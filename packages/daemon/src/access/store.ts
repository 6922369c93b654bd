/** The rows of API keys and of logins. */
import type { Selectable } from "kysely";

import type { Database } from "../storage/database.ts";
import type { KeysTable, LoginsTable } from "../storage/tables.ts";

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

export type LoginRow = Selectable<LoginsTable>;

export interface LoginStore {
  all(): Promise<LoginRow[]>;
  insert(row: LoginRow): Promise<void>;
  touch(id: string, lastUsedAtMs: number): Promise<void>;
  remove(id: string): Promise<void>;
  removeExpired(nowMs: number): Promise<void>;
}

export function createLoginStore(db: Database): LoginStore {
  return {
    all: () => db.selectFrom("logins").selectAll().orderBy("id", "desc").execute(),
    insert: async (row) => void (await db.insertInto("logins").values(row).execute()),
    touch: async (id, lastUsedAtMs) => void (await db.updateTable("logins").set({ lastUsedAtMs }).where("id", "=", id).execute()),
    remove: async (id) => void (await db.deleteFrom("logins").where("id", "=", id).execute()),
    removeExpired: async (nowMs) => void (await db.deleteFrom("logins").where("expiresAtMs", "<=", nowMs).execute()),
  };
}
