/** Opens the instance's database and brings its schema up to date. */
import { rename } from "node:fs/promises";

import { type CompiledQuery, Kysely, sql } from "kysely";
import { Migrator } from "kysely/migration";

import type { Logger } from "../core/logger.ts";
import { migrations } from "./migrations/index.ts";
import { createSqliteDialect, isDamaged, openSqlite, type SqliteDialectAndBatch } from "./sqlite.ts";
import type { Tables } from "./tables.ts";

export type Database = Kysely<Tables>;

interface OpenedDatabase {
  db: Database;
  /** Where a damaged predecessor was moved to; the new database starts empty. */
  setAside: string | undefined;
}

export async function openDatabase(file: string, logger: Logger): Promise<OpenedDatabase> {
  let setAside: string | undefined;
  let sqlite;
  try {
    sqlite = openSqlite(file);
  } catch (error) {
    if (!isDamaged(error)) throw error;
    setAside = await moveAside(file);
    logger.error({ err: error, setAside }, "the database is damaged: it was set aside and an empty one begun");
    sqlite = openSqlite(file);
  }
  const opened = createSqliteDialect(sqlite);
  const db = new Kysely<Tables>({ dialect: opened.dialect });
  connections.set(db, opened);
  const { error } = await new Migrator({ db, provider: { getMigrations: async () => migrations } }).migrateToLatest();
  if (error !== undefined) {
    await db.destroy();
    throw new Error(`bringing the database ${file} up to date failed; it was left as it was`, { cause: error });
  }
  return { db, setAside };
}

const connections = new WeakMap<Database, SqliteDialectAndBatch>();

/** Writes of different owners in one transaction, for a quarter of what Kysely's way through every statement costs. All or none, in this turn if it can be. */
export async function commitTogether(db: Database, statements: readonly CompiledQuery[]): Promise<void> {
  const connection = connections.get(db);
  if (connection === undefined) throw new Error("this database was not opened by openDatabase");
  if (!connection.inTransaction) return connection.runTogether(statements);
  // There is one connection: once it is ours, nobody else's transaction is open on it.
  await db.connection().execute(async () => connection.runTogether(statements));
}

/** Rejects when the database no longer answers. */
export async function pingDatabase(db: Database): Promise<void> {
  await sql`SELECT 1`.execute(db);
}

async function moveAside(file: string): Promise<string> {
  const aside = `${file}.damaged-${new Date().toISOString().replaceAll(":", "-")}`;
  await rename(file, aside);
  for (const suffix of ["-wal", "-shm"]) await rename(file + suffix, aside + suffix).catch(() => undefined);
  return aside;
}
