/** Reads pid files of either form: a plain number, or JSON with a `pid` and perhaps more about the process. */
import { readFileSync, statSync } from "node:fs";

export interface PidFile {
  pid: number;
  /** When the file was written: a process that began later is not the one that wrote it. */
  writtenAtMs: number;
}

/** More would be no pid file. */
const maxBytes = 64 * 1024;

/** Undefined when there is no such file or no process id in it. */
export function readPidFile(file: string): PidFile | undefined {
  try {
    const { size, mtimeMs } = statSync(file);
    if (size > maxBytes) return undefined;
    const pid = parsePid(readFileSync(file, "utf8"));
    return pid === undefined ? undefined : { pid, writtenAtMs: mtimeMs };
  } catch {
    return undefined;
  }
}

export function parsePid(text: string): number | undefined {
  const trimmed = text.trim();
  if (/^\d{1,10}$/.test(trimmed)) return valid(Number(trimmed));
  try {
    const { pid } = JSON.parse(trimmed) as { pid?: unknown };
    return typeof pid === "number" ? valid(pid) : undefined;
  } catch {
    return undefined;
  }
}

/** 1 is the system's own, and no server's. */
const valid = (pid: number) => (Number.isInteger(pid) && pid > 1 ? pid : undefined);
