/** Knows whether this process may have started others; asking the kernel after every execution would cost more than most executions do. */
import childProcess, { ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";

export interface ChildNotice {
  /** Call after each execution. */
  look(): {
    /** Something was or may have been started since the last look. It may have left children of its own behind. */
    mayHaveLeft: boolean;
    /** Children of a finished command would write into the next one's output; the daemon ends them together with this worker. */
    hasChildren: boolean;
  };
}

/** Call before any code of others is loaded. */
export function noticeChildren(): ChildNotice {
  /** Something was started since the last look. */
  let started = false;
  /** There is code whose starts cannot be seen here: native addons, and threads, which have their own node:child_process. */
  let unseen = false;

  // Every asynchronous start comes through this method, also of fork, exec, and cluster.
  const prototype = ChildProcess.prototype as unknown as { spawn(...given: unknown[]): unknown };
  const { spawn } = prototype;
  prototype.spawn = function noticed(...given) {
    started = true;
    return spawn.apply(this, given);
  };
  // The synchronous ones wait for the end, but not for that of what was started in the background.
  const synchronous = childProcess as unknown as Record<string, (...given: unknown[]) => unknown>;
  for (const name of ["spawnSync", "execSync", "execFileSync"]) {
    const original = synchronous[name] as (...given: unknown[]) => unknown;
    synchronous[name] = (...given) => {
      started = true;
      return original(...given);
    };
  }
  syncBuiltinESMExports();
  const { dlopen } = process;
  process.dlopen = (...given) => {
    unseen = true;
    return dlopen.apply(process, given);
  };
  process.on("worker", () => (unseen = true));

  return {
    look() {
      if (!started && !unseen) return { mayHaveLeft: false, hasChildren: false };
      started = false;
      return { mayHaveLeft: true, hasChildren: readChildren() };
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
