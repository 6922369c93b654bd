/** Reads whether the process of a record still lives, so that a stranger with the same pid is never signalled. */
import { readFileSync } from "node:fs";

import { parseStartTime, type ProcessIdentity, sameProcess } from "@gantry/contract/process-identity";

export function isAlive(identity: ProcessIdentity): boolean {
  return sameProcess(identity, readIdentity(identity.pid));
}

function readIdentity(pid: number): ProcessIdentity | undefined {
  try {
    if (process.platform === "linux") {
      const startTime = parseStartTime(readFileSync(`/proc/${pid}/stat`, "utf8"));
      const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
      return startTime === undefined ? undefined : { pid, startTime, bootId };
    }
    // Loaded only where it is needed: every start of the CLI would pay for it.
    const { execFileSync } = process.getBuiltinModule("node:child_process");
    const startTime = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8", env: { LC_ALL: "C" } }).trim();
    const bootId = execFileSync("sysctl", ["-n", "kern.boottime"], { encoding: "utf8" }).trim();
    return startTime === "" ? undefined : { pid, startTime, bootId };
  } catch {
    return undefined;
  }
}
