/** After a host's death: what it knew of ended children, and the end of what it left running. */
import type { ChildStatus } from "./interface.ts";
import { readJournal } from "./journal.ts";
import { endTree } from "./process-tree.ts";

export interface Recovered {
  /** Children whose exit the dead host had recorded. */
  ended: ChildStatus[];
  /** Children that died with it. Settles `reaped` when nothing of them is left. */
  lost: ChildStatus[];
  reaped: Promise<void>;
}

// The kernel has hung up the terminals already; what ignored that gets a short time to save.
const graceMs = 500;

export function recoverFrom(journalPath: string): Recovered {
  const { sameBoot, children } = readJournal(journalPath);
  const ended = children.filter(({ status }) => status.exit !== undefined).map(({ status }) => status);
  const lost = children.filter(({ status }) => status.exit === undefined);
  const reaped = sameBoot
    ? Promise.all(
        lost.map(({ status, startTime }) => endTree(status.id, { pid: status.pid, startTime }, { hangUp: status.mode === "pty", graceMs })),
      )
    : Promise.resolve();
  return { ended, lost: lost.map(({ status }) => status), reaped: reaped.then(() => {}) };
}
