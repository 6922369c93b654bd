/** What each child's whole process tree uses, from one scan of /proc for all children: processor time, memory, threads. */
import { readdirSync, readFileSync } from "node:fs";

import { parseStartTime } from "@gantry/contract/process-identity";

import type { TreeUsage } from "./interface.ts";
import { markOf, type ProcessMark } from "./process-tree.ts";

export interface UsageMeter {
  /** By id; what could not be read is left out. Asked again within `freshMs`, it answers with the same figures. */
  measure(children: readonly { id: string; mark: ProcessMark }[]): Map<string, TreeUsage>;
}

interface Stat extends ProcessMark {
  parentPid: number;
  sessionId: number;
  ticks: number;
  threads: number;
  residentPages: number;
}

// A list and a page that ask at the same time cost one scan.
const freshMs = 1000;

export function createUsageMeter(nowMs: () => number = () => performance.now()): UsageMeter {
  const { pageBytes, ticksPerSecond } = kernelUnits();
  const before = new Map<string, { ticks: number; atMs: number }>();
  /** Read once for each process: which child's mark it carries, or "". */
  let marks = new Map<string, string>();
  let last = new Map<string, TreeUsage>();
  let lastMs = Number.NEGATIVE_INFINITY;

  return {
    measure(children) {
      const atMs = nowMs();
      if (atMs - lastMs < freshMs && children.every(({ id }) => last.has(id))) return last;
      const all = readAll();
      const leaders = new Map(
        children.filter(({ mark }) => all.get(mark.pid)?.startTime === mark.startTime).map((one) => [one.mark.pid, one.id]),
      );
      const ids = new Set(children.map(({ id }) => id));
      const seen = new Map<string, string>();
      const markIn = (stat: Stat): string => {
        const key = `${stat.pid} ${stat.startTime}`;
        const mark = marks.get(key) ?? readMark(stat.pid, ids);
        seen.set(key, mark);
        return mark;
      };
      const owner = (stat: Stat): string | undefined => {
        let up: Stat | undefined = stat;
        // A parent is older than its child but for reused pids, so the chain is short; the bound holds against a loop in a racing scan.
        for (let step = 0; up !== undefined && step < 64; step += 1) {
          const id = leaders.get(up.pid);
          if (id !== undefined) return id;
          up = up.parentPid > 1 ? all.get(up.parentPid) : undefined;
        }
        return leaders.get(stat.sessionId) ?? (markIn(stat) || undefined);
      };
      const sums = new Map<string, TreeUsage & { ticks: number }>();
      for (const stat of all.values()) {
        if (stat.pid === process.pid) continue;
        const id = owner(stat);
        if (id === undefined || !ids.has(id)) continue;
        const sum = sums.get(id) ?? { ticks: 0, cpuPercent: 0, cpuMs: 0, memoryBytes: 0, processes: 0, threads: 0 };
        sum.ticks += stat.ticks;
        sum.memoryBytes += stat.residentPages * pageBytes;
        sum.threads += stat.threads;
        sum.processes += 1;
        sums.set(id, sum);
      }
      last = new Map(
        [...sums].map(([id, { ticks, ...sum }]) => {
          const earlier = before.get(id) ?? { ticks: 0, atMs: atMs - freshMs };
          const seconds = Math.max(0.001, (atMs - earlier.atMs) / 1000);
          // What a process used that nobody waited for leaves the sum with it.
          const used = before.has(id) ? Math.max(0, ticks - earlier.ticks) : 0;
          before.set(id, { ticks, atMs });
          const cpuPercent = Math.round((used / ticksPerSecond / seconds) * 1000) / 10;
          return [id, { ...sum, cpuPercent, cpuMs: Math.round((ticks * 1000) / ticksPerSecond) }];
        }),
      );
      for (const id of before.keys()) if (!ids.has(id)) before.delete(id);
      marks = seen;
      lastMs = atMs;
      return last;
    },
  };
}

function readAll(): Map<number, Stat> {
  const all = new Map<number, Stat>();
  let names: string[] = [];
  try {
    names = readdirSync("/proc");
  } catch {
    // Not Linux: nothing is known.
  }
  for (const name of names) {
    const first = name.charCodeAt(0);
    if (first < 0x30 || first > 0x39) continue;
    const stat = readStat(Number(name));
    if (stat !== undefined) all.set(stat.pid, stat);
  }
  return all;
}

/** Fields as in proc_pid_stat(5), counted from the one behind the name; time of reaped children is their parent's. */
function readStat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const startTime = parseStartTime(text);
    if (startTime === undefined) return undefined;
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    // What has ended and waits to be taken note of uses nothing.
    if (fields[0] === "Z" || fields[0] === "X") return undefined;
    const number = (index: number): number => Number(fields[index]);
    return {
      pid,
      startTime,
      parentPid: number(1),
      sessionId: number(3),
      ticks: number(11) + number(12) + number(13) + number(14),
      threads: number(17),
      residentPages: number(21),
    };
  } catch {
    return undefined;
  }
}

/** The child whose mark the process carries in its environment: those that left its session and lost their parent still do. */
function readMark(pid: number, ids: ReadonlySet<string>): string {
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
    for (const name of ["GANTRY_SESSION_ID", "GANTRY_EXECUTION_ID"]) {
      const id = new RegExp(`(?:^|\\0)${name}=([^\\0]*)`).exec(environment)?.[1];
      if (id !== undefined && ids.has(id) && markOf(id).name === name) return id;
    }
  } catch {
    // Another user's, or gone.
  }
  return "";
}

const pageSizeEntry = 6n;
const clockTicksEntry = 17n;

/** The kernel tells its page size and clock in the auxiliary vector, see getauxval(3). */
function kernelUnits(): { pageBytes: number; ticksPerSecond: number } {
  const units = { pageBytes: 4096, ticksPerSecond: 100 };
  try {
    const vector = readFileSync("/proc/self/auxv");
    for (let at = 0; at + 16 <= vector.length; at += 16) {
      const entry = vector.readBigUInt64LE(at);
      if (entry === pageSizeEntry) units.pageBytes = Number(vector.readBigUInt64LE(at + 8));
      if (entry === clockTicksEntry) units.ticksPerSecond = Number(vector.readBigUInt64LE(at + 8));
    }
  } catch {
    // Not Linux.
  }
  return units;
}
