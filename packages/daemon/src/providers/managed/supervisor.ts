/** Keeps one instance of a managed provider running: starts it, notices its end, waits, and starts it again, until told to stop. */
import type { SupervisedInstance, SupervisionState } from "@gantry/contract";

import { type Clock, toTimestamp } from "../../core/clock.ts";
import { cleanText } from "../failure.ts";
import { backoffMs, wellAfterMs } from "./backoff.ts";
import type { RunningInstance } from "./kind.ts";
import { createLineRing, type LineRing } from "./line-ring.ts";

export interface SupervisorParts {
  instance: string;
  autoRestart: boolean;
  startTimeoutMs: number;
  clock: Clock;
  random?: () => number;
  start(attempt: StartAttempt): Promise<RunningInstance>;
  onState(state: SupervisionState, reason: string | undefined): void;
}

export interface StartAttempt {
  signal: AbortSignal;
  stderr: LineRing;
  notePid(pid: number): void;
}

export interface Supervisor {
  readonly instance: string;
  readonly state: SupervisionState;
  view(): SupervisedInstance;
  /** Starts it unless it is up or coming up. Resolves when the first try has succeeded or failed. */
  start(): Promise<void>;
  /** Ends it and keeps it down. Resolves when nothing of it is left. */
  stop(reason: string): Promise<void>;
}

export function createSupervisor(parts: SupervisorParts): Supervisor {
  const { instance, clock } = parts;
  const stderr = createLineRing();
  const random = parts.random ?? Math.random;
  let state: SupervisionState = "stopped";
  let starts = 0;
  let pid: number | undefined;
  let startedAt: number | undefined;
  let lastEnd: string | undefined;
  let nextRetryAt: number | undefined;
  let loop: Promise<void> | undefined;
  let halt: ((reason: string) => void) | undefined;
  let firstTry: PromiseWithResolvers<void> | undefined;

  const move = (next: SupervisionState, reason?: string) => {
    state = next;
    parts.onState(next, reason);
    if (next !== "starting") firstTry?.resolve();
  };

  /** One life: from the start to the end, whichever way it comes. Returns why it ended. */
  const live = async (halted: Promise<string>): Promise<string> => {
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(new Error(`it was not ready within ${parts.startTimeoutMs} ms`)), parts.startTimeoutMs);
    let isHalted = false;
    const unwanted = halted.then((reason) => {
      isHalted = true;
      abort.abort(new Error(reason));
      return reason;
    });
    try {
      starts += 1;
      startedAt = clock.now();
      stderr.clear();
      move("starting");
      const running = await parts.start({ signal: abort.signal, stderr, notePid: (given) => (pid = given) });
      clearTimeout(timer);
      if (!isHalted) move("running");
      const reason = await Promise.race([running.ended, unwanted]);
      move("stopping", reason);
      await running.stop(reason);
      return reason;
    } finally {
      clearTimeout(timer);
      pid = undefined;
    }
  };

  const keepAlive = async (halted: Promise<string>, isHalted: () => boolean) => {
    for (let failures = 0; !isHalted();) {
      const beganAt = clock.monotonic();
      lastEnd = cleanText(await live(halted).catch((error: unknown) => (error instanceof Error ? error.message : String(error))));
      if (isHalted() || !parts.autoRestart) break;
      failures = clock.monotonic() - beganAt >= wellAfterMs ? 1 : failures + 1;
      const delayMs = backoffMs(failures, random);
      nextRetryAt = clock.now() + delayMs;
      move("waiting", lastEnd);
      await pause(delayMs, halted);
      nextRetryAt = undefined;
    }
    move("stopped", lastEnd);
  };

  return {
    instance,
    get state() {
      return state;
    },
    view: () => ({
      instance,
      state,
      ...(pid === undefined ? {} : { pid }),
      restarts: Math.max(0, starts - 1),
      ...(startedAt === undefined ? {} : { startedAt: toTimestamp(startedAt) }),
      ...(lastEnd === undefined ? {} : { lastEnd }),
      ...(nextRetryAt === undefined ? {} : { nextRetryAt: toTimestamp(nextRetryAt) }),
      stderr: stderr.lines(),
    }),
    async start() {
      if (loop === undefined) {
        const halted = Promise.withResolvers<string>();
        let isHalted = false;
        halt = (reason) => {
          isHalted = true;
          halted.resolve(reason);
        };
        firstTry = Promise.withResolvers<void>();
        loop = keepAlive(halted.promise, () => isHalted).finally(() => (loop = undefined));
      }
      await firstTry?.promise;
    },
    async stop(reason) {
      halt?.(reason);
      await loop;
    },
  };
}

/** Until the time is over or somebody wants it down. */
async function pause(delayMs: number, halted: Promise<string>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([new Promise((resolve) => (timer = setTimeout(resolve, delayMs))), halted]);
  clearTimeout(timer);
}
