/**
 * The life of one tick from its record to its end. The tick's row gets the execution's id before the execution is submitted under it: after a
 * crash between the two, the row says which execution to look for, and submitting it again can only be the same one.
 */
import { type ExecutionError, GantryError, type scheduleEvents, type TickState } from "@gantry/contract";

import { type Clock, toTimestamp } from "../core/clock.ts";
import type { Publish } from "../core/event-bus.ts";
import { newId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { LiveSchedule } from "./live-schedule.ts";
import { windowMs } from "./misfire.ts";
import type { Runs } from "./runs.ts";
import { isFinalTick, tickTransition } from "./state.ts";
import type { ScheduleStore, TickRow } from "./store.ts";

export interface FiringOptions {
  store: Pick<ScheduleStore, "saveTick">;
  runs: Runs;
  publish: Publish<typeof scheduleEvents>;
  clock: Clock;
  logger: Logger;
  /** Something waits for a time that may be sooner than what was planned. */
  onWaiting(): void;
}

export interface Firing {
  /** Of a tick whose row is stored. Resolves when it waits, runs, or has ended. */
  begin(live: LiveSchedule, tick: TickRow): Promise<void>;
  /** Takes up what an earlier daemon left. */
  recover(live: LiveSchedule, tick: TickRow): Promise<void>;
  /** Begins what has waited long enough. */
  wake(nowMs: number): void;
  /** The clock was: what waits, waits no longer for that. */
  setBack(byMs: number): void;
  /** When it next wants to be woken. */
  nextMs(): number | undefined;
  /** Forgets what waits of a schedule. */
  drop(live: LiveSchedule): void;
  /** Nothing is begun any more; what was promised is kept for the next daemon. */
  close(): void;
}

/** When executions are not taken at the moment: until they are, or the tick is too old. */
const retryMs = 1000;

export function tickKey({ scheduleId, scheduledAtMs }: Pick<TickRow, "scheduleId" | "scheduledAtMs">): string {
  return `${scheduleId}@${toTimestamp(scheduledAtMs)}`;
}

export function createFiring({ store, runs, publish, clock, logger, onWaiting }: FiringOptions): Firing {
  const waiting = new Map<TickRow, { live: LiveSchedule; atMs: number }>();
  let closed = false;

  const wait = (live: LiveSchedule, tick: TickRow, atMs: number) => {
    waiting.set(tick, { live, atMs });
    onWaiting();
  };

  /** Stored first: what is not stored has not happened. */
  const save = async (live: LiveSchedule, tick: TickRow, state: TickState, more: Partial<TickRow> = {}) => {
    const changed = { ...tick, ...more, state: tick.state === state ? state : tickTransition(tick.state, state) };
    await store.saveTick(changed);
    Object.assign(tick, changed);
    publish("schedule.ticked", {
      scheduleId: tick.scheduleId,
      name: live.row.name,
      owner: live.row.owner,
      tick: tickKey(tick),
      scheduledAt: toTimestamp(tick.scheduledAtMs),
      state,
      executionId: tick.executionId,
    });
  };

  const end = async (live: LiveSchedule, tick: TickRow, state: TickState, error: ExecutionError | null, endedAtMs = clock.now()) => {
    await save(live, tick, state, { error: error === null ? null : JSON.stringify(error), endedAtMs }).catch((cause: unknown) => {
      if (!closed) logger.error({ err: cause, tick: tickKey(tick) }, "the end of a tick could not be stored");
    });
    live.active.delete(tick);
    const { held } = live;
    if (held === undefined || live.active.size > 0 || closed) return;
    live.held = undefined;
    void advance(live, held);
  };

  const follow = (live: LiveSchedule, tick: TickRow) => {
    live.active.add(tick);
    runs.ended(tick.executionId as string).then(
      ({ state, endedAtMs, error }) => end(live, tick, state, error, endedAtMs),
      (error: unknown) => closed || logger.error({ err: error, tick: tickKey(tick) }, "an execution of a schedule could not be followed"),
    );
  };

  const isTooLate = ({ definition }: LiveSchedule, { dueAtMs }: TickRow) => clock.now() - dueAtMs > windowMs(definition);

  /** The row already promises it under its id. */
  const submit = async (live: LiveSchedule, tick: TickRow) => {
    try {
      await runs.submit(tick.executionId as string, live.definition, live.row.owner);
    } catch (error) {
      if (closed) return;
      const known = error instanceof GantryError ? error : undefined;
      if (known?.retryable === true && !isTooLate(live, tick)) {
        wait(live, tick, clock.now() + retryMs);
        return;
      }
      if (known === undefined) logger.error({ err: error, tick: tickKey(tick) }, "a tick could not be run");
      const name = known?.code ?? "internal";
      await end(live, tick, known?.retryable === true ? "missed" : "refused", {
        name,
        message: known?.message ?? "Gantry failed; see the log.",
      });
      return;
    }
    await save(live, tick, "running");
    follow(live, tick);
  };

  /** False: it has to give way to the run before. */
  const mayStart = async (live: LiveSchedule, tick: TickRow): Promise<boolean> => {
    const { overlap } = live.definition;
    if (live.active.size === 0 || overlap === "allow") return true;
    if (overlap === "skip" || (overlap === "queueOne" && live.held !== undefined)) {
      const message = overlap === "skip" ? "The run before still went on." : "One run was going on and another waiting.";
      await end(live, tick, "skipped", { name: "Overlap", message });
      return false;
    }
    const replaced = live.held;
    live.held = tick;
    if (replaced !== undefined) await end(live, replaced, "skipped", { name: "Overlap", message: "A later run took its place." });
    if (overlap === "cancelPrevious") {
      for (const { executionId } of live.active)
        void runs.cancel(executionId as string).catch((error: unknown) => logger.error({ err: error, executionId }, "cancelling failed"));
    }
    return false;
  };

  /** From wherever it stands; may be repeated. */
  const advance = async (live: LiveSchedule, tick: TickRow) => {
    if (closed) return;
    try {
      if (tick.state === "waiting") {
        if (!(await mayStart(live, tick))) return;
        live.active.add(tick);
        await save(live, tick, "starting", { executionId: newId("exe") });
      }
      await submit(live, tick);
    } catch (error) {
      if (closed) return;
      if (tick.state === "waiting") live.active.delete(tick);
      logger.error({ err: error, tick: tickKey(tick) }, "a tick could not be stored; trying again");
      wait(live, tick, clock.now() + retryMs);
    }
  };

  const begin: Firing["begin"] = async (live, tick) => {
    if (tick.dueAtMs > clock.now()) wait(live, tick, tick.dueAtMs);
    else await advance(live, tick);
  };

  return {
    begin,
    async recover(live, tick) {
      if (tick.executionId !== null && (await runs.exists(tick.executionId))) {
        if (tick.state === "starting") await save(live, tick, "running");
        follow(live, tick);
      } else if (isTooLate(live, tick)) {
        await end(live, tick, "missed", { name: "Missed", message: "No daemon was there to run it in time." });
      } else {
        if (tick.state !== "waiting") live.active.add(tick);
        wait(live, tick, tick.dueAtMs);
      }
    },
    wake(nowMs) {
      for (const [tick, { live, atMs }] of waiting) {
        if (atMs > nowMs) continue;
        waiting.delete(tick);
        void advance(live, tick);
      }
    },
    setBack(byMs) {
      for (const entry of waiting.values()) entry.atMs -= byMs;
    },
    nextMs() {
      let nextMs: number | undefined;
      for (const { atMs } of waiting.values()) nextMs = Math.min(nextMs ?? atMs, atMs);
      return nextMs;
    },
    drop(dropped) {
      dropped.held = undefined;
      for (const [tick, { live }] of waiting) if (live === dropped && !isFinalTick(tick.state)) waiting.delete(tick);
    },
    close() {
      closed = true;
      waiting.clear();
    },
  };
}
