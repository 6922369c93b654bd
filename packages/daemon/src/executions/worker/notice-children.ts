/** Knows whether this process may have child processes; asking the kernel after every execution would cost more than most executions do. */
import { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";

export interface ChildNotice {
  /** Children of a finished command would write into the next one's output; the daemon ends them together with this worker. */
  hasChildren(): boolean;
}

/** Call before any code of others is loaded. */
export function noticeChildren(): ChildNotice {
  /** Something was started since the last look. */
  let started = false;
  /** There is code whose starts cannot be seen here: native addons, and threads, which have their own node:child_process. */
  let unseen = false;

  // Every asynchronous start comes through this method, also of fork, exec, and cluster; the synchronous ones wait for the end.
  const prototype = ChildProcess.prototype as unknown as { spawn(...given: unknown[]): unknown };
  const { spawn } = prototype;
  prototype.spawn = function noticed(...given) {
    started = true;
    return spawn.apply(this, given);
  };
  const { dlopen } = process;
  process.dlopen = (...given) => {
    unseen = true;
    return dlopen.apply(process, given);
  };
  process.on("worker", () => (unseen = true));

  return {
    hasChildren() {
      if (!started && !unseen) return false;
      const found = readChildren();
      if (!found) started = false;
      return found;
    },
  };
}

function readChildren(): boolean {
  try {
    return readFileSync(`/proc/self/task/${process.pid}/children`, "latin1").length > 0;
  } catch {
    return false;
  }
}
