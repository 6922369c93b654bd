/** Memory and processor time of processes, from /proc. */
import { readFileSync } from "node:fs";

/** Proportional: what several processes share is divided among them. */
export function memoryMB(pids: readonly number[]): number {
  const kB = pids.map((pid) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]));
  return kB.reduce((sum, one) => sum + one, 0) / 1000;
}

export interface Footprint {
  /** What would be taken if nothing else ran this Node: what is each process's own, and the files that they map (Node itself), once. */
  wholeMB: number;
  /** What is shared is divided among all who share it: less when other programs run the same Node. */
  proportionalMB: number;
  /** As `ps` adds it up: what two processes share counts twice. */
  residentMB: number;
}

export function footprint(pids: readonly number[]): Footprint {
  const all = pids.map((pid) => {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const read = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(text)?.[1]) / 1000;
    return { resident: read("Rss"), proportional: read("Pss"), own: read("Anonymous") };
  });
  const sum = (name: "resident" | "proportional" | "own"): number => all.reduce((total, one) => total + one[name], 0);
  return {
    // All map the same files; whoever touches most of them has what the others have.
    wholeMB: sum("own") + Math.max(...all.map(({ resident, own }) => resident - own)),
    proportionalMB: sum("proportional"),
    residentMB: sum("resident"),
  };
}

const ticksPerSecond = 100;

export function cpuSeconds(pids: readonly number[]): number {
  const ticks = pids.map((pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(fields[11]) + Number(fields[12]);
  });
  return ticks.reduce((sum, one) => sum + one, 0) / ticksPerSecond;
}
