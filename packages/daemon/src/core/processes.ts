/** What of other processes can be seen in /proc by their own user; empty answers elsewhere. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "";
  }
}

export function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined;
  }
}

/** A chain of parents is short; the bound holds against one that changes while it is read. */
const maxGenerations = 32;

/** True of a process and itself, too. */
export function descendsFrom(pid: number, ancestor: number): boolean {
  let at: number | undefined = pid;
  for (let generation = 0; at !== undefined && at > 1 && generation < maxGenerations; generation += 1) {
    if (at === ancestor) return true;
    at = parentOf(at);
  }
  return false;
}

/** Pids of the processes that hold a file open. */
export function holdersOf(file: string): number[] {
  return pids().filter((pid) => holds(pid, (link) => link === file));
}

/** Whether any of its descriptors links to what is wanted: a path, or a name such as `socket:[4711]`. */
export function holds(pid: number, isWanted: (link: string) => boolean): boolean {
  return descriptorsOf(pid).some((fd) => {
    const link = linkOf(pid, fd);
    return link !== undefined && isWanted(link);
  });
}

export function descriptorsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`);
  } catch {
    return [];
  }
}

/** The soft limit of open files, or undefined when it cannot be read. */
export function descriptorLimit(pid: number): number | undefined {
  try {
    const line = /^Max open files\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, "utf8"));
    return line === null ? undefined : Number(line[1]);
  } catch {
    return undefined;
  }
}

function linkOf(pid: number, fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`);
  } catch {
    return undefined;
  }
}

export function pids(): number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
}
