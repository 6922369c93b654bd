/** Lets Kysely's SQLite dialect drive node:sqlite, with prepared statements kept for reuse. */
import { chmodSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";

import { type Dialect, SqliteDialect } from "kysely";
import { LRUCache } from "lru-cache";

/** More distinct statements than all rooms have; a bound only against a caller that builds SQL from data. */
const cachedStatements = 500;

export function openSqlite(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  // SQLite gives its side files the mode of the database.
  chmodSync(file, 0o600);
  try {
    // NORMAL with WAL: a killed process loses nothing; only a power cut may lose the last moments, never the database.
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;");
    // 32 MiB of pages: a checkpoint syncs and stops everything for it, and most pages of one are written again before the next.
    database.exec("PRAGMA wal_autocheckpoint = 8000;");
    // Reads the header and schema page, so that a file that is no database is found now and not in a request.
    database.prepare("SELECT count(*) FROM sqlite_schema").get();
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

export interface SqliteDialectAndBatch {
  dialect: Dialect;
  /** All statements or none, in one transaction and one turn. Only for whoever holds the one connection. */
  runTogether(statements: readonly { sql: string; parameters: readonly unknown[] }[]): void;
  /** Somebody's transaction is open on the one connection. */
  readonly inTransaction: boolean;
}

export function createSqliteDialect(database: DatabaseSync): SqliteDialectAndBatch {
  const statements = new LRUCache<string, StatementSync>({ max: cachedStatements });
  const prepare = (sql: string) => {
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = database.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  };
  const dialect = new SqliteDialect({
    database: {
      close: () => database.close(),
      prepare(sql) {
        const statement = prepare(sql);
        return {
          reader: statement.columns().length > 0,
          all: (parameters) => statement.all(...(parameters as never[])),
          run: (parameters) => statement.run(...(parameters as never[])),
          iterate: (parameters) => statement.iterate(...(parameters as never[])) as IterableIterator<unknown>,
        };
      },
    },
  });
  return {
    dialect,
    get inTransaction() {
      return database.isTransaction;
    },
    runTogether(together) {
      prepare("BEGIN IMMEDIATE").run();
      try {
        for (const { sql, parameters } of together) prepare(sql).run(...(parameters as never[]));
        prepare("COMMIT").run();
      } catch (error) {
        if (database.isTransaction) prepare("ROLLBACK").run();
        throw error;
      }
    },
  };
}

/** True when SQLite says that the file is damaged or no database at all, rather than busy or unreadable. */
export function isDamaged(error: unknown): boolean {
  const primaryCode = ((error as { errcode?: number }).errcode ?? 0) & 0xff;
  return primaryCode === sqliteCorrupt || primaryCode === sqliteNotADatabase;
}

const sqliteCorrupt = 11;
const sqliteNotADatabase = 26;
