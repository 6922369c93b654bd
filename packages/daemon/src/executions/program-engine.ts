/** Runs one attempt of a program command as a child of the process host, which keeps it and its output when the daemon is gone. */
import { GantryError } from "@gantry/contract";

import type { ChildExit, HostLink } from "../host/interface.ts";
import { type AttemptJob, type RunningAttempt, termGraceMs } from "./engine.ts";
import { settleLeftovers } from "./leftovers.ts";
import type { AttemptOutcome } from "./state.ts";
import type { ExecutionRow } from "./store.ts";

/** What this room needs of the process host. */
export type ProgramHost = Pick<HostLink, "spawn" | "terminate" | "follow" | "forget" | "list" | "on">;

export interface ProgramJob extends AttemptJob {
  argv: readonly string[];
  /** The whole environment. */
  env: Readonly<Record<string, string>>;
  /** Somebody is watching: output is wanted as it comes, not only in the log. */
  live: boolean;
}

export interface ProgramEngine {
  run(job: ProgramJob): RunningAttempt;
  /** Takes over a child that was started by an earlier daemon. */
  adopt(job: { childId: string; onOutput: AttemptJob["onOutput"] }): RunningAttempt;
  /** All bytes that each child of the host has written so far. */
  outputBytes(): Promise<ReadonlyMap<string, number>>;
  /** Lets the host drop what it keeps of an ended child; call when the outcome is stored. */
  forget(childId: string): void;
  close(): void;
}

/** What the host calls an attempt: each is a child of its own, and the first one is called like its execution. */
export function childIdOf({ id, attempt }: Pick<ExecutionRow, "id" | "attempt">): string {
  return attempt <= 1 ? id : `${id}.${attempt}`;
}

function executionIdOf(childId: string): string {
  return childId.split(".")[0] as string;
}

export function createProgramEngine(host: ProgramHost): ProgramEngine {
  const exits = new Map<string, (exit: ChildExit | undefined) => void>();
  // Told between listing the host's children and adopting them.
  const early = new Map<string, ChildExit | undefined>();
  const onExit = (id: string, exit: ChildExit | undefined) => {
    const resolve = exits.get(id);
    if (resolve !== undefined) resolve(exit);
    else if (id.startsWith("exe_")) early.set(id, exit);
  };
  const unsubscribe = [host.on("exit", onExit), host.on("lost", (id) => onExit(id, undefined))];

  const attach = (childId: string, live: boolean, onOutput: AttemptJob["onOutput"], started: Promise<unknown>): RunningAttempt => {
    const exit = Promise.withResolvers<ChildExit | undefined>();
    exits.set(childId, exit.resolve);
    if (early.has(childId)) exit.resolve(early.get(childId));
    let running = false;
    let stopReason: "cancelled" | "interrupted" | undefined;

    const terminate = (reason: "cancelled" | "interrupted") => {
      const asked = host.terminate(childId, { graceMs: termGraceMs, reason: reason === "cancelled" ? "cancelled" : "shutdown" });
      // It may have ended in this moment: then its exit is on its way, and there is nobody to terminate.
      asked.then(exit.resolve, () => undefined);
    };
    const watch = async (): Promise<AttemptOutcome> => {
      try {
        await started;
      } catch (error) {
        return failedToStart(error);
      } finally {
        running = true;
      }
      if (stopReason !== undefined) terminate(stopReason);
      const delivered = live ? followOutput(childId, onOutput) : undefined;
      const ended = await exit.promise;
      await delivered;
      if (ended === undefined) return lostOutcome;
      const outcome = outcomeOf(ended);
      const leftovers = await settleLeftovers(executionIdOf(childId), { stopped: outcome.endedBy !== "itself" });
      return { ...outcome, leftovers };
    };
    return {
      outcome: watch().finally(() => exits.delete(childId)),
      stop(reason) {
        if (stopReason !== undefined) return;
        stopReason = reason;
        if (running) terminate(reason);
      },
      // The host writes the log, a little before it tells of the output.
      flushed: async () => undefined,
    };
  };

  /** Resolves after the last byte. */
  const followOutput = (id: string, onOutput: AttemptJob["onOutput"]) =>
    new Promise<void>((resolve) => {
      const follow = host.follow(
        id,
        { since: 0 },
        {
          output: ({ stream, offset, data }) => onOutput({ stream, offset, timeMs: Date.now(), data: Buffer.from(data) }),
          snapshot: () => undefined,
          exit: () => finish(),
          lost: () => finish(),
        },
      );
      const finish = () => {
        // Not before follow() has returned.
        queueMicrotask(() => follow.close());
        resolve();
      };
    });

  return {
    run({ executionId, attempt, argv, cwd, env, timeoutMs, logFile, logLimitBytes, onOutput, live }) {
      const childId = childIdOf({ id: executionId, attempt });
      const spec = {
        id: childId,
        mode: "pipe",
        argv,
        cwd,
        env,
        stdin: "closed",
        logFile,
        logLimitBytes,
        timeoutMs,
        graceMs: termGraceMs,
      } as const;
      return attach(childId, live, onOutput, host.spawn(spec));
    },
    adopt: ({ childId, onOutput }) => attach(childId, false, onOutput, Promise.resolve()),
    async outputBytes() {
      const children = await host.list().catch(() => []);
      return new Map(children.map(({ id, endOffset }) => [id, endOffset]));
    },
    forget(childId) {
      early.delete(childId);
      void host.forget(childId).catch(() => undefined);
    },
    close() {
      for (const off of unsubscribe) off();
    },
  };
}

const startExitCodes: Partial<Record<string, number>> = { programNotFound: 127, cannotExecute: 126 };

function failedToStart(error: unknown): AttemptOutcome {
  const { code, message } = error instanceof GantryError ? error : { code: "internal", message: String(error) };
  return { endedBy: "itself", exitCode: startExitCodes[code] ?? null, signal: null, error: { name: "CannotStart", message, code } };
}

export function outcomeOf({ code, signal, reason, logError }: ChildExit): AttemptOutcome {
  const endedBy = reason === "timedOut" || reason === "cancelled" ? reason : reason === "shutdown" ? "interrupted" : "itself";
  const failure = signal !== null ? `ended by ${signal}` : code === 0 ? undefined : `exited with ${code}`;
  const lost = logError === undefined ? undefined : `its output could not be stored whole: ${logError}`;
  const message = [failure, lost].filter((part) => part !== undefined).join("; ");
  const error = failure === undefined ? undefined : { name: signal === null ? "NonZeroExit" : "Killed", message };
  return { endedBy, exitCode: code, signal, error };
}

export const lostOutcome: AttemptOutcome = {
  endedBy: "interrupted",
  exitCode: null,
  signal: null,
  error: { name: "Interrupted", message: "The process host died while the program ran, and the program with it." },
};
