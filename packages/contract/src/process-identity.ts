/** Tells a process from a later one that was given the same pid. Pure parsing; the caller reads the files. */

export interface ProcessIdentity {
  pid: number;
  /** Clock ticks from boot to the start of the process on Linux; another text that is stable for one process elsewhere. */
  startTime: string;
  bootId: string;
}

/**
 * The start time in a `/proc/<pid>/stat` line (field 22), or undefined when the process is gone or already a zombie.
 * The name in field 2 may hold spaces and parentheses, so fields are counted from the last closing one; see proc_pid_stat(5).
 */
export function parseStartTime(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  if (state === "Z" || state === "X" || state === "x") return undefined;
  return fields[19];
}

export function sameProcess(one: ProcessIdentity, other: ProcessIdentity | undefined): boolean {
  return other !== undefined && one.pid === other.pid && one.startTime === other.startTime && one.bootId === other.bootId;
}
