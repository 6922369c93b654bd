/** Signals a whole process group and waits until nothing of it is left. */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { parseStartTime } from "@gantry/contract";

const pollMs = 10;

/** False when there was nobody to signal. */
export function signalGroup(groupId: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(-groupId, signal);
    return true;
  } catch {
    return false;
  }
}

/** Resolves true when the group is empty but for zombies, false when it still lives after `timeoutMs`. */
export async function groupGone(groupId: number, timeoutMs: number): Promise<boolean> {
  for (let waitedMs = 0; ; waitedMs += pollMs) {
    if (!groupAlive(groupId)) return true;
    if (waitedMs >= timeoutMs) return false;
    await sleep(pollMs);
  }
}

function groupAlive(groupId: number): boolean {
  try {
    process.kill(-groupId, 0);
  } catch {
    return false;
  }
  // A zombie takes signals but runs nothing; where PID 1 does not reap (many containers) it stays for ever.
  return readdirSync("/proc").some((name) => /^\d+$/.test(name) && isLiveMember(name, groupId));
}

function isLiveMember(pid: string, groupId: number): boolean {
  const stat = readStat(pid);
  if (stat === undefined || parseStartTime(stat) === undefined) return false;
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]) === groupId;
}

function readStat(pid: string | number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return undefined;
  }
}
