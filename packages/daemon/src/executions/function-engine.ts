/** Runs one attempt of a function command in a leased worker. */
import { startDeadline } from "./deadline.ts";
import { LazyLog } from "./lazy-log.ts";
import { settleLeftovers } from "./leftovers.ts";
import { abortGraceMs, type AttemptJob, type RunningAttempt, termGraceMs } from "./engine.ts";
import type { AttemptOutcome } from "./state.ts";
import type { WorkerProcess } from "./worker-process.ts";

export interface FunctionJob extends AttemptJob {
  file: string;
  command: string;
  input: Record<string, unknown>;
}

/** Above this the worker's output waits in its pipe until the disk has caught up. */
const maxBacklogBytes = 4 * 1024 * 1024;

/** `release` is called once, before `outcome` settles. */
export function runFunction(worker: WorkerProcess, job: FunctionJob, release: () => void): RunningAttempt {
  const { executionId, attempt, file, command, input, cwd, env } = job;
  const log = new LazyLog(job.logFile, job.logLimitBytes);
  let stoppedBy: AttemptOutcome["endedBy"] | undefined;
  let killTimer: NodeJS.Timeout | undefined;

  const stop = (reason: "cancelled" | "timedOut" | "interrupted") => {
    if (stoppedBy !== undefined) return;
    stoppedBy = reason;
    worker.abort(reason === "timedOut" ? "timedOut" : "cancelled");
    killTimer = setTimeout(() => {
      worker.signal("SIGTERM");
      killTimer = setTimeout(() => worker.signal("SIGKILL"), termGraceMs);
    }, abortGraceMs);
  };
  const clearDeadline = startDeadline(job.timeoutMs, () => stop("timedOut"));

  const run = async (): Promise<AttemptOutcome> => {
    const end = await worker.run({
      message: { executionId, attempt, file, command, input, cwd, env },
      onProgress: job.onProgress,
      onOutput(stream, data) {
        const offset = log.append(stream, data);
        job.onOutput({ stream, offset, timeMs: Date.now(), data });
        if (log.backlogBytes > maxBacklogBytes) {
          worker.pauseOutput();
          void log.flush().then(() => worker.resumeOutput());
        }
      },
    });
    clearDeadline();
    clearTimeout(killTimer);
    // Cancelled means gone, and a stopped function may have left work going in its process. One that used its worker up has ended it, too.
    if (stoppedBy !== undefined || !worker.usable) await worker.end();
    release();
    const stopped = stoppedBy !== undefined;
    const leftovers = end.mayHaveLeft ? await settleLeftovers(executionId, { stopped }) : [];
    if (!log.isEmpty) await log.close();
    const { result, exitCode, signal } = end;
    const endedBy = stoppedBy ?? (signal !== null && fromOutside.has(signal) ? "interrupted" : "itself");
    return { endedBy, result, exitCode, signal, leftovers, error: end.error ?? exitError(exitCode, signal) };
  };

  return { outcome: run(), stop, flushed: () => log.flush() };
}

/** What somebody or the kernel (out of memory) sends; a crash of the code itself ends by another one, such as SIGSEGV or SIGABRT. */
const fromOutside: ReadonlySet<string> = new Set(["SIGKILL", "SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"]);

function exitError(exitCode: number | null, signal: string | null): AttemptOutcome["error"] {
  if (signal !== null) return { name: "Killed", message: `the worker was ended by ${signal}.` };
  return exitCode === 0 ? undefined : { name: "NonZeroExit", message: `exited with ${exitCode}` };
}
