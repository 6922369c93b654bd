/** Hears the calls of agents' hooks: those that come by themselves, and those that wait in a spool; in order, each once. */
import { GantryError } from "@gantry/contract";

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import { descendsFrom } from "../../core/processes.ts";
import type { HookSpool, SpooledCall } from "./hook-spool.ts";
import type { HookCall, Hooks } from "./hooks.ts";

export interface HookReport {
  secret: string;
  pid: number;
  startedMs?: number | undefined;
  event: string;
  detail?: string | undefined;
}

export interface HookCalls {
  /** From now on the session's calls are heard; settles when those that wait have been. */
  listen(id: string): Promise<void>;
  /** False: it is refused, or says nothing. `programPid`: null while the program is being started. */
  report(id: string, programPid: number | null, report: HookReport): Promise<boolean>;
  forget(id: string): void;
  close(): void;
}

interface HookCallsOptions {
  hooks: Pick<Hooks, "knows" | "spool">;
  /** Judges a call and stores what comes of it. */
  hear(id: string, call: HookCall): Promise<boolean>;
  clock: Clock;
  logger: Logger;
}

interface Listening {
  spool: HookSpool;
  /** The end of what is being heard. */
  turn: Promise<unknown>;
  /** A look at the spool is due already. */
  due: boolean;
  heard: Set<string>;
}

/** For folders whose changes nobody tells. */
const slowLookMs = 5000;
/** A call can come twice only shortly after itself. */
const maxHeard = 256;

export function createHookCalls({ hooks, hear, clock, logger }: HookCallsOptions): HookCalls {
  const listening = new Map<string, Listening>();
  let slowLook: NodeJS.Timeout | undefined;

  const hearOnce = async (id: string, one: Listening, { pid, timeMs, ...call }: SpooledCall): Promise<boolean> => {
    const key = `${timeMs}-${pid}`;
    if (one.heard.has(key)) return true;
    one.heard.add(key);
    for (const oldest of one.heard) if (one.heard.size > maxHeard) one.heard.delete(oldest);
    return hear(id, { ...call, timeMs: Math.min(timeMs, clock.now()) });
  };
  const inTurn = <Result>(one: Listening, work: () => Promise<Result>): Promise<Result> => {
    const done = one.turn.then(work);
    one.turn = done.catch(() => undefined);
    return done;
  };
  const drain = async (id: string, one: Listening): Promise<void> => {
    one.due = false;
    await one.spool.drain(async (call) => {
      // A daemon that is closing leaves the rest to the next one.
      if (listening.get(id) !== one) return false;
      await hearOnce(id, one, call);
      return true;
    });
  };
  const look = (id: string, one: Listening): Promise<void> => {
    if (one.due) return Promise.resolve();
    one.due = true;
    return inTurn(one, () => drain(id, one)).catch((err: unknown) =>
      logger.warn({ err, session: id }, "calls of hooks that wait could not be read"),
    );
  };

  return {
    async listen(id) {
      const one: Listening = { spool: hooks.spool(id), turn: Promise.resolve(), due: false, heard: new Set() };
      listening.set(id, one);
      slowLook ??= setInterval(() => {
        for (const [each, its] of listening) void look(each, its);
      }, slowLookMs).unref();
      await one.spool.watch(() => void look(id, one)).catch((err: unknown) => logger.warn({ err, session: id }, "no spool for hooks"));
      await look(id, one);
    },
    async report(id, programPid, { secret, pid, startedMs = clock.now(), event, detail }) {
      const one = listening.get(id);
      const mayBe = one !== undefined && (await hooks.knows(id, secret));
      // The hook keeps its call until it is known whose program it is.
      if (mayBe && programPid === null) throw new GantryError("unavailable", "The session's program is being started. Nothing was heard.");
      const accepted =
        mayBe &&
        (await inTurn(one, async () => {
          await drain(id, one);
          // What the daemon was too busy for has been read from the spool by now, and its hook is gone.
          if (one.heard.has(`${startedMs}-${pid}`)) return true;
          return mayBeOf(pid, programPid as number) ? hearOnce(id, one, { pid, timeMs: startedMs, event, detail }) : undefined;
        }));
      if (accepted === undefined || !mayBe)
        logger.warn({ session: id, pid, event }, "a hook's call was refused: it is not of this session's program");
      return accepted === true;
    },
    forget(id) {
      listening.get(id)?.spool.close();
      listening.delete(id);
      if (listening.size > 0) return;
      clearInterval(slowLook);
      slowLook = undefined;
    },
    close() {
      clearInterval(slowLook);
      for (const { spool } of listening.values()) spool.close();
      listening.clear();
    },
  };
}

/** Where there is no /proc to look into, the session's secret has to do. */
function mayBeOf(hookPid: number, pid: number): boolean {
  return process.platform !== "linux" || descendsFrom(hookPid, pid);
}
