/** Finds every process that belongs to one temporary GANTRY_HOME, so that a test can prove that none is left. Linux only. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

import { parseStartTime } from "@gantry/contract/process-identity";

export interface FoundProcess {
  pid: number;
  startTime: string;
  command: string;
}

interface Entry extends FoundProcess {
  parent: number;
  belongs: boolean;
}

/** Those started with this GANTRY_HOME, and all their descendants: what runs in a session has an environment of its own. */
export function processesOf(home: string): FoundProcess[] {
  const entries = listProcesses(home);
  const found = new Map(entries.filter(({ belongs }) => belongs).map((entry) => [entry.pid, entry]));
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const entry of entries) if (found.has(entry.parent)) found.set(entry.pid, entry);
  }
  return [...found.values()].map(({ pid, startTime, command }) => ({ pid, startTime, command }));
}

/** Which of them still run as themselves, not as a later process with the same pid. */
export function stillAlive(processes: Iterable<FoundProcess>): FoundProcess[] {
  return [...processes].filter(({ pid, startTime }) => startTimeOf(pid) === startTime);
}

/** Processes, this one included, that hold a file below the folder open. */
export function holdersOf(folder: string): { pid: number; file: string }[] {
  return pids().flatMap((pid) => {
    try {
      const held = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => readLink(`/proc/${pid}/fd/${fd}`));
      return held.filter((file) => file.startsWith(`${folder}/`)).map((file) => ({ pid, file }));
    } catch {
      return [];
    }
  });
}

function listProcesses(home: string): Entry[] {
  return pids().flatMap((pid) => {
    if (pid === process.pid) return [];
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const startTime = parseStartTime(stat);
      if (startTime === undefined) return [];
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      const belongs = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(`GANTRY_HOME=${home}`);
      return [{ pid, parent, startTime, command, belongs }];
    } catch {
      return [];
    }
  });
}

function startTimeOf(pid: number): string | undefined {
  try {
    return parseStartTime(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return undefined;
  }
}

function pids(): number[] {
  return process.platform === "linux"
    ? readdirSync("/proc")
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
    : [];
}

function readLink(path: string): string[] {
  try {
    return [readlinkSync(path)];
  } catch {
    return [];
  }
}
