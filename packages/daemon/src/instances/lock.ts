/** One daemon per instance, held by the kernel: an exclusive transaction on a tiny SQLite file ends with the process, however that ends. */
import { chmodSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

import { GantryError } from "@gantry/contract";

export interface InstanceLock {
  release(): void;
}

/** Throws GantryError conflict when another process holds it. Never waits. */
export function takeLock(file: string, instance: string): InstanceLock {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(file);
  chmodSync(file, 0o600);
  try {
    database.exec("PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE");
  } catch (cause) {
    database.close();
    if ((cause as { errcode?: number }).errcode !== sqliteBusy) throw cause;
    throw new GantryError(
      "conflict",
      `Instance ${instance} is already running or just starting. See: gantry status --instance ${instance}`,
      {
        cause,
        details: { alreadyRunning: true },
      },
    );
  }
  return { release: () => database.close() };
}

const sqliteBusy = 5;
