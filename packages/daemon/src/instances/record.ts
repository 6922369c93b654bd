/** The record file: how every client finds a running instance. */
import { rm, writeFile, rename } from "node:fs/promises";

import type { InstanceRecord } from "@gantry/contract";

/** Replaces the file whole: a reader sees the old record or the new one, never half of one. */
export async function writeRecord(file: string, record: InstanceRecord): Promise<void> {
  const next = `${file}.${process.pid}`;
  await writeFile(next, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  await rename(next, file);
}

export async function removeRecord(file: string): Promise<void> {
  await rm(file, { force: true });
}
