/** What the process hosts of an instance have left on disk and in the process table, for a diagnosis: nothing is connected to or changed. */
import { commandLine } from "../core/processes.ts";
import { readJournal } from "./journal.ts";
import { isAlive } from "./process-tree.ts";
import { hostFiles, hostNumbers } from "./start-host.ts";

export interface HostSighting {
  number: number;
  /** Undefined: it does not run. */
  pid: number | undefined;
  /** Its programs that run. */
  children: { id: string; pid: number }[];
}

export function sightHosts(directory: string): HostSighting[] {
  return hostNumbers(directory).map((number) => {
    const { socketPath, journalPath } = hostFiles({ directory, number });
    const { sameBoot, hostPid, children } = readJournal(journalPath);
    const living = sameBoot ? children.filter(({ status, startTime }) => isAlive({ pid: status.pid, startTime })) : [];
    return {
      number,
      pid: hostPid !== undefined && sameBoot && commandLine(hostPid).includes(socketPath) ? hostPid : undefined,
      children: living.map(({ status }) => ({ id: status.id, pid: status.pid })),
    };
  });
}
