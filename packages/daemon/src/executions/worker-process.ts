/** One warm command worker as the daemon sees it: a child process with its own process group that runs one execution at a time. */
import { fork } from "node:child_process";

import type { ExecutionError } from "@gantry/contract";

import { readProcessIdentity } from "../core/process-identity.ts";
import { wholeRound } from "../core/turn.ts";
import { groupGone, signalGroup } from "./process-group.ts";
import type { FromWorker, ModuleReport, RunMessage, ToWorker } from "./worker/messages.ts";

export interface WorkerOptions {
  /** The worker's entry module. */
  entry: string;
  /** Where a worker is while it runs nothing. */
  cwd: string;
  /** A worker that has more after an execution is not used again; asked when it starts. */
  memoryLimitBytes(): number;
  env: Readonly<Record<string, string | undefined>>;
}

export interface WorkerJob {
  message: Omit<RunMessage, "type">;
  onOutput(stream: 1 | 2, data: Buffer): void;
  onProgress(done: number, total: number | null, text: string): void;
}

/** How an execution ended in a worker; it came to an end of its own or the process did. */
export interface WorkerEnd {
  /** JSON text of what the function returned. */
  result: string | undefined;
  error: ExecutionError | undefined;
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** Processes may have been started that have left the worker's group. */
  mayHaveLeft: boolean;
}

export interface WorkerProcess {
  readonly pid: number;
  /** JSON of the ProcessIdentity that a later daemon recognises it by. */
  readonly identityText: string;
  /** False once it has ended or must not be given anything more. */
  readonly usable: boolean;
  /** Why it must not be given anything more, though it has come to no harm. */
  readonly spent: string | undefined;
  readonly ready: Promise<void>;
  /** Settles when the process has ended and its streams are closed. */
  readonly gone: Promise<void>;
  describe(files: string[]): Promise<ModuleReport[]>;
  /** Never rejects. Resolves after the last byte of output was given to the job. */
  run(job: WorkerJob): Promise<WorkerEnd>;
  abort(reason: "cancelled" | "timedOut"): void;
  /** To everything in its group. */
  signal(signal: NodeJS.Signals): void;
  /** Leaves further output in the pipe, which makes the process wait. */
  pauseOutput(): void;
  resumeOutput(): void;
  /** Kills the process and everything in its group; resolves when nothing of it is left. */
  end(): Promise<void>;
}

/** A stream may be held open by something that left the process group; its bytes are not worth more waiting than this. */
const lateOutputMs = 1000;
const killedWithinMs = 5000;

interface Current {
  job: WorkerJob;
  end: WorkerEnd | undefined;
  resolve(end: WorkerEnd): void;
}

export function startWorker({ entry, cwd, env, memoryLimitBytes }: WorkerOptions): WorkerProcess {
  const child = fork(entry, [String(memoryLimitBytes())], {
    cwd,
    env: { ...env, GANTRY_WORKER: "1" },
    execArgv: [],
    // Its own session and process group: it can be killed with all its children, and a terminal's Ctrl-C does not reach it.
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    // What is told is JSON anyway, and this way is quicker for what is short.
    serialization: "json",
  });
  const pid = child.pid ?? 0;
  const ready = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const describing: ((reports: ModuleReport[] | undefined) => void)[] = [];
  let current: Current | undefined;
  let usable = true;
  let spent: string | undefined;
  let chunks = 0;
  let paused = false;
  ready.promise.catch(() => undefined);

  const post = (message: ToWorker) => {
    if (child.connected) child.send(message, () => undefined);
  };

  const settle = () => {
    if (current?.end === undefined) return;
    const { end, resolve } = current;
    current = undefined;
    resolve(end);
  };
  /**
   * What the execution wrote was in the pipes before the message that it is done; but of several channels that have something, the event loop
   * reads none before another. One whole turn of the loop (poll included) without any output proves that the pipes were empty.
   */
  const settleWhenRead = () => {
    const before = chunks;
    void wholeRound().then(() => {
      if (current?.end === undefined) return;
      if (chunks !== before) settleWhenRead();
      else if (!paused) settle();
    });
  };
  const endCurrent = (end: WorkerEnd) => {
    if (current === undefined || current.end !== undefined) return;
    current.end = end;
    settleWhenRead();
  };

  child.on("message", (message: FromWorker) => {
    if (message.type === "ready") ready.resolve();
    else if (message.type === "progress") current?.job.onProgress(message.done, message.total, message.text);
    else if (message.type === "described") describing.shift()?.(message.reports);
    else {
      spent = message.spent;
      if (spent !== undefined) usable = false;
      const { result, error, exitCode, mayHaveLeft } = message;
      endCurrent({ result, error, exitCode, signal: null, mayHaveLeft });
    }
  });
  const onData = (stream: 1 | 2) => (chunk: Buffer) => {
    chunks += 1;
    current?.job.onOutput(stream, chunk);
  };
  child.stdout?.on("data", onData(1));
  child.stderr?.on("data", onData(2));

  child.on("error", (error) => {
    usable = false;
    ready.reject(error);
    if (child.pid === undefined) gone.resolve();
  });
  child.on("exit", (exitCode, signal) => {
    usable = false;
    ready.reject(new Error(`the worker ended before it was ready (${signal ?? `exit code ${exitCode}`})`));
    // What it left behind would hold its streams open and work on without an owner.
    signalGroup(pid, "SIGKILL");
    if (current !== undefined) current.end ??= { result: undefined, error: undefined, exitCode, signal, mayHaveLeft: true };
    for (const resolve of describing.splice(0)) resolve(undefined);
    setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, lateOutputMs).unref();
  });
  child.on("close", () => {
    // Both streams have given their last byte.
    settle();
    gone.resolve();
  });

  return {
    pid,
    identityText: JSON.stringify(readProcessIdentity(pid) ?? null),
    get usable() {
      return usable;
    },
    get spent() {
      return spent;
    },
    ready: ready.promise,
    gone: gone.promise,
    async describe(files) {
      const answer = Promise.withResolvers<ModuleReport[] | undefined>();
      describing.push(answer.resolve);
      post({ type: "describe", files });
      const reports = await answer.promise;
      if (reports === undefined) throw new Error("the worker ended while it loaded the modules");
      return reports;
    },
    run(job) {
      const { promise, resolve } = Promise.withResolvers<WorkerEnd>();
      current = { job, end: undefined, resolve };
      if (usable) post({ type: "run", ...job.message });
      else endCurrent({ result: undefined, error: undefined, exitCode: null, signal: "SIGKILL", mayHaveLeft: false });
      return promise;
    },
    abort: (reason) => post({ type: "abort", reason }),
    signal: (signal) => void signalGroup(pid, signal),
    pauseOutput() {
      paused = true;
      child.stdout?.pause();
      child.stderr?.pause();
    },
    resumeOutput() {
      paused = false;
      if (current?.end !== undefined) settleWhenRead();
      child.stdout?.resume();
      child.stderr?.resume();
    },
    async end() {
      usable = false;
      if (child.pid === undefined) return;
      signalGroup(pid, "SIGKILL");
      await groupGone(pid, killedWithinMs);
      await gone.promise;
    },
  };
}
