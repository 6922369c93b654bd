/** Reads who a process is, so that a reused pid is never taken for the process that had it before. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

import { parseStartTime, type ProcessIdentity } from "@gantry/contract";

/** Undefined when no such process lives. */
export function readProcessIdentity(pid: number): ProcessIdentity | undefined {
  const startTime = process.platform === "linux" ? linuxStartTime(pid) : otherStartTime(pid);
  return startTime === undefined ? undefined : { pid, startTime, bootId: readBootId() };
}

function linuxStartTime(pid: number): string | undefined {
  try {
    return parseStartTime(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined;
  }
}

function otherStartTime(pid: number): string | undefined {
  try {
    const text = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8", env: { LC_ALL: "C" } }).trim();
    return text === "" ? undefined : text;
  } catch {
    return undefined;
  }
}

function readBootId(): string {
  try {
    if (process.platform === "linux") return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return execFileSync("sysctl", ["-n", "kern.boottime"], { encoding: "utf8" }).trim();
  } catch {
    return "unknown";
  }
}
