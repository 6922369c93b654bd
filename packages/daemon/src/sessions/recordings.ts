/** The files of recordings: where each session's is, its other forms, and which go when they are too many. */
import { mkdirSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";

import { GantryError, type OpenSessionInput, type RecordingFormat } from "@gantry/contract";

import type { RecordSpec } from "../host/interface.ts";
import type { SessionRow } from "./store.ts";

export interface RecordingsOptions {
  directory: string;
  /** `record`: whether sessions are recorded that do not say. May change at any time. */
  settings: Readonly<{ record: boolean; recordLimitBytes: number; recordTotalBytes: number }>;
  /** Settles with the recording in another form; slow ones must not hold the daemon up. */
  render(file: string, format: RecordingFormat): Promise<string>;
}

export interface SessionRecordings {
  /** What the process host is to record of a session that is being opened; undefined: nothing. */
  of(id: string, input: OpenSessionInput): RecordSpec | undefined;
  read(row: SessionRow, format: RecordingFormat): Promise<string>;
  /** Removes the oldest, but none of `kept`, until the rest is within the limit; tells how many. */
  prune(kept: ReadonlySet<string>): Promise<number>;
}

const ending = ".cast";

export function createSessionRecordings(options: RecordingsOptions): SessionRecordings {
  const { directory, settings } = options;
  const fileOf = (id: string): string => join(directory, `${id}${ending}`);
  return {
    of(id, { record = settings.record, recordInput, name }) {
      if (!record) return undefined;
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      return { file: fileOf(id), limitBytes: settings.recordLimitBytes, input: recordInput, title: name ?? "" };
    },
    async read(row, format) {
      const label = row.name ?? row.id;
      if (row.recording === 0) {
        throw new GantryError("notFound", `Session ${label} was not recorded. Record one with: gantry open --record`);
      }
      try {
        return await options.render(fileOf(row.id), format);
      } catch (cause) {
        if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
        throw new GantryError("notFound", `The recording of session ${label} is no longer kept.`, { cause });
      }
    },
    async prune(kept) {
      const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith(ending));
      const files = await Promise.all(
        names.map(async (name) => ({
          id: name.slice(0, -ending.length),
          bytes: (await stat(join(directory, name)).catch(() => undefined))?.size ?? 0,
        })),
      );
      // Ids sort by the time of opening.
      files.sort((one, other) => (one.id < other.id ? -1 : 1));
      let total = files.reduce((sum, { bytes }) => sum + bytes, 0);
      let removed = 0;
      for (const { id, bytes } of files) {
        if (total <= settings.recordTotalBytes) break;
        if (kept.has(id)) continue;
        await rm(fileOf(id), { force: true });
        total -= bytes;
        removed += 1;
      }
      return removed;
    },
  };
}
