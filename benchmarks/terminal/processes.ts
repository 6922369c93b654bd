/** Memory and processor time of processes, from /proc. */
import { readFileSync } from "node:fs";

/** Proportional: what several processes share is divided among them. */
export function memoryMB(pids: readonly number[]): number {
  const kB = pids.map((pid) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1]));
  return kB.reduce((sum, one) => sum + one, 0) / 1000;
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
