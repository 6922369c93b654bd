/** Remembers on disk which programs run, so that the next daemon can end what a killed one left behind. */
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Logger } from "../../core/logger.ts";
import { readProcessIdentity } from "../../core/process-identity.ts";
import { endTree } from "../../host/process-tree.ts";

export interface ProgramRecord {
  /** Also the mark in the environment of the program and of everything it started. */
  id: string;
  provider: string;
  instance: string;
  pid: number;
  startTime: string;
}

export interface ProgramRecords {
  add(record: ProgramRecord): Promise<void>;
  remove(id: string): Promise<void>;
  /** Ends what an earlier daemon left, recognised by pid, start time, and mark, never by pid alone. */
  endLeftovers(): Promise<void>;
}

const leftoverGraceMs = 1_000;

export function createProgramRecords(directory: string, logger: Logger): ProgramRecords {
  // Pids and start times begin anew with each boot of the machine.
  const bootId = readProcessIdentity(process.pid)?.bootId ?? "unknown";
  const fileOf = (id: string) => join(directory, `${id}.json`);
  return {
    async add(record) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeFile(fileOf(record.id), JSON.stringify({ ...record, bootId }), { mode: 0o600 });
    },
    remove: (id) => rm(fileOf(id), { force: true }),
    async endLeftovers() {
      const files = await readdir(directory).catch(() => []);
      await Promise.all(
        files.map(async (file) => {
          const path = join(directory, file);
          const record = file.endsWith(".json") ? parseRecord(await readFile(path, "utf8").catch(() => "")) : undefined;
          if (record !== undefined && record.bootId === bootId) {
            const left = await endTree(record.id, record, { hangUp: false, graceMs: leftoverGraceMs });
            const { provider, pid } = record;
            if (left.length > 0) logger.error({ provider, pids: left.map((process) => process.pid) }, "a leftover cannot be ended");
            else logger.info({ provider, pid }, "nothing is left of a program of an earlier daemon");
          }
          await rm(path, { force: true });
        }),
      );
    },
  };
}

function parseRecord(text: string): (ProgramRecord & { bootId: string }) | undefined {
  try {
    const { id, provider, instance, pid, startTime, bootId } = JSON.parse(text) as Partial<ProgramRecord & { bootId: string }>;
    const isWhole = [id, provider, instance, startTime, bootId].every((value) => typeof value === "string" && value !== "");
    if (!isWhole || !Number.isSafeInteger(pid)) return undefined;
    return { id, provider, instance, pid, startTime, bootId } as ProgramRecord & { bootId: string };
  } catch {
    return undefined;
  }
}
