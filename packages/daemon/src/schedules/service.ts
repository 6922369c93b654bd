/** The rules of schedules: what may be made and changed, and which ticks are recorded when the time has come. */
import {
  type ConfigurationProblem,
  CreateScheduleInput,
  GantryError,
  type ScheduleConfiguration,
  type scheduleEvents,
  type UpdateScheduleInput,
} from "@gantry/contract";

import { type Caller, mayTouch } from "../core/caller.ts";
import type { Clock } from "../core/clock.ts";
import type { Publish } from "../core/event-bus.ts";
import { newId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import { nearest } from "../core/nearest.ts";
import { createAlarm } from "./alarm.ts";
import { createFiring } from "./firing.ts";
import { createLiveSchedule, type Definition, type LiveSchedule, redefine } from "./live-schedule.ts";
import { mostRun, selectTicks } from "./misfire.ts";
import type { Runs } from "./runs.ts";
import type { ScheduleRow, ScheduleStore, TickRow } from "./store.ts";
import { jitterOf, parseTiming } from "./timing.ts";

export interface SchedulesServiceOptions {
  store: ScheduleStore;
  runs: Runs;
  /** May change at any time; then call `reconfigure`. */
  configured: Readonly<Record<string, ScheduleConfiguration>>;
  publish: Publish<typeof scheduleEvents>;
  clock: Clock;
  logger: Logger;
}

export interface SchedulesService {
  create(input: CreateScheduleInput, caller: Caller): Promise<LiveSchedule>;
  /** By name. */
  list(caller: Caller): LiveSchedule[];
  /** By id or name. Throws notFound, also for what the caller may not see. */
  get(which: string, caller: Caller): LiveSchedule;
  update(input: UpdateScheduleInput, caller: Caller): Promise<LiveSchedule>;
  remove(which: string, caller: Caller): Promise<void>;
  setPaused(which: string, paused: boolean, caller: Caller): Promise<LiveSchedule>;
  trigger(which: string, caller: Caller): Promise<TickRow>;
  ticks(which: string, filter: { beforeMs: number | undefined; limit: number }, caller: Caller): Promise<TickRow[]>;
  next(which: string, count: number, caller: Caller): { atMs: number; startsAtMs: number }[];
  /** Takes up what an earlier daemon left, and begins to tick. */
  start(): Promise<void>;
  /** Makes the configured schedules what the configuration says now; tells of those that cannot be. */
  reconfigure(): Promise<ConfigurationProblem[]>;
  /** Looks at the clock and does what is due. The alarm calls it. */
  wake(): Promise<void>;
  close(): Promise<void>;
}

const maxSchedules = 1000;
/** Of the ticks that nobody was there for, so many are recorded to be seen. */
const missedShown = 10;
/** When something could not be stored. */
const retryMs = 1000;
/** Smaller steps back are what NTP does all the time. */
const clockStepMs = 1000;
const configurationOwner = "local";

export function createSchedulesService(options: SchedulesServiceOptions): SchedulesService {
  const { store, runs, configured, publish, clock, logger } = options;
  const lives = new Map<string, LiveSchedule>();
  const firing = createFiring({ store, runs, publish, clock, logger, onWaiting: () => plan() });
  const alarm = createAlarm(() => void wake());
  let lastWakeMs = clock.now();
  let failing = false;
  let closed = false;
  let turn: Promise<unknown> = Promise.resolve();

  /** One change at a time: a tick must not be recorded of a schedule that is just being changed. */
  const exclusively = <Result>(change: () => Promise<Result>): Promise<Result> => {
    const result = turn.then(change);
    turn = result.catch(() => undefined);
    return result;
  };

  const plan = () => {
    let nextMs = firing.nextMs();
    for (const live of lives.values())
      if (live.row.paused === 0 && live.nextMs !== undefined) nextMs = Math.min(nextMs ?? live.nextMs, live.nextMs);
    alarm.plan(nextMs === undefined ? undefined : Math.max(failing ? retryMs : 0, nextMs - clock.now()));
  };

  const tell = ({ row }: LiveSchedule, change: "created" | "updated" | "paused" | "resumed" | "deleted" | "finished") =>
    publish("schedule.changed", { scheduleId: row.id, name: row.name, owner: row.owner, change });

  const newTick = ({ row, definition }: LiveSchedule, scheduledAtMs: number, more: Partial<TickRow> = {}): TickRow => ({
    scheduleId: row.id,
    scheduledAtMs,
    onSchedule: 1,
    state: "waiting",
    dueAtMs: scheduledAtMs + jitterOf(row.id, scheduledAtMs, definition.jitterMs),
    executionId: null,
    error: null,
    endedAtMs: null,
    ...more,
  });

  /** Records what has come due, and begins what is to be run of it. */
  const takeDue = async (live: LiveSchedule, nowMs: number) => {
    const { definition, ticks, row } = live;
    const dueMs = ticks.latest(mostRun(definition) + missedShown, row.cursorMs, nowMs);
    const { run, missed } = selectTicks(dueMs, nowMs, definition);
    const error = JSON.stringify({ name: "Missed", message: "Nobody was there to run it in time." });
    const rows = [
      ...missed.slice(-missedShown).map((tickMs) => newTick(live, tickMs, { state: "missed", endedAtMs: nowMs, error })),
      ...run.map((tickMs) => newTick(live, tickMs)),
    ];
    const recorded = await store.record(row.id, nowMs, rows);
    live.row = { ...row, cursorMs: nowMs };
    live.nextMs = ticks.next(nowMs);
    live.last = recorded.at(-1) ?? live.last;
    if (missed.length > 0) logger.warn({ schedule: row.name, missed: missed.length, run: run.length }, "ticks were missed");
    for (const tick of recorded) if (tick.state === "waiting") void firing.begin(live, tick);
    if (live.nextMs === undefined) tell(live, "finished");
  };

  const wake = () =>
    exclusively(async () => {
      if (closed) return;
      const nowMs = clock.now();
      if (nowMs < lastWakeMs - clockStepMs) {
        // The clock was set back. Ticks that have been recorded are known by their time and not run again; the others are still to come.
        logger.warn({ byMs: lastWakeMs - nowMs }, "the clock was set back");
        firing.setBack(lastWakeMs - nowMs);
        for (const live of lives.values()) {
          live.row = { ...live.row, cursorMs: Math.min(live.row.cursorMs, nowMs) };
          live.nextMs = live.ticks.next(live.row.cursorMs);
        }
      }
      lastWakeMs = nowMs;
      failing = false;
      for (const live of lives.values()) {
        if (live.row.paused === 1 || live.nextMs === undefined || live.nextMs > nowMs) continue;
        try {
          await takeDue(live, nowMs);
        } catch (error) {
          failing = true;
          logger.error({ err: error, schedule: live.row.name }, "ticks could not be recorded; trying again");
        }
      }
      firing.wake(nowMs);
      plan();
    });

  const get: SchedulesService["get"] = (which, caller) => {
    const live = lives.get(which) ?? [...lives.values()].find(({ row }) => row.name === which);
    if (live !== undefined && mayTouch(caller, live.row.owner)) return live;
    const suggestions = nearest(
      which,
      list(caller).map(({ row }) => row.name),
    );
    throw new GantryError("notFound", `There is no schedule ${which}. See them with: gantry schedule list.`, { details: { suggestions } });
  };

  const list: SchedulesService["list"] = (caller) =>
    [...lives.values()].filter(({ row }) => mayTouch(caller, row.owner)).sort((one, other) => (one.row.name < other.row.name ? -1 : 1));

  const mustBeAhead = ({ at }: Definition) => {
    if (at === undefined || Date.parse(at) > clock.now()) return;
    const now = new Date(clock.now()).toISOString();
    throw new GantryError("invalidArgument", `at: ${at} has passed; a time after ${now} is allowed. Nothing was changed.`);
  };

  const newRow = (name: string, definition: Definition, more: Pick<ScheduleRow, "source" | "owner" | "paused">): ScheduleRow => {
    const nowMs = clock.now();
    const times = { anchorMs: nowMs, cursorMs: nowMs, createdAtMs: nowMs, updatedAtMs: nowMs };
    return { id: newId("sch"), name, definition: JSON.stringify(definition), ...more, ...times };
  };

  /** With a new timing it begins anew: what the old one would have missed is nobody's business any more. */
  const changedRow = (live: LiveSchedule, definition: Definition): ScheduleRow => {
    const nowMs = clock.now();
    const sameTiming = timingText(live.definition) === timingText(definition);
    const times = sameTiming ? {} : { anchorMs: nowMs, cursorMs: nowMs };
    return { ...live.row, definition: JSON.stringify(definition), updatedAtMs: nowMs, ...times };
  };

  const mayChange = ({ row }: LiveSchedule) => {
    if (row.source === "configuration") {
      throw new GantryError(
        "conflict",
        `Schedule ${row.name} is written in gantry.toml as [schedule.${row.name}]: change it there, then: gantry config reload. Nothing was changed; pausing it works.`,
      );
    }
  };

  const drop = async (live: LiveSchedule) => {
    await store.remove(live.row.id);
    lives.delete(live.row.id);
    firing.drop(live);
    tell(live, "deleted");
  };

  /** Makes the schedules what the configuration says. */
  const adoptConfigured = async (): Promise<ConfigurationProblem[]> => {
    const problems: ConfigurationProblem[] = [];
    for (const live of lives.values()) {
      if (live.row.source === "api" || live.row.name in configured) continue;
      await drop(live);
    }
    const byName = new Map([...lives.values()].map((live) => [live.row.name, live]));
    for (const [name, table] of Object.entries(configured)) {
      const { name: _name, paused: _paused, ...definition } = CreateScheduleInput.parse({ name, ...table });
      const live = byName.get(name);
      if (live?.row.source === "api") {
        const message = `[schedule.${name}] was left out, because a schedule of that name was made by hand: gantry schedule delete ${name}, then gantry config reload`;
        logger.error({ schedule: name }, message);
        problems.push({ source: `schedule.${name}`, message });
      } else if (live === undefined) {
        const row = newRow(name, definition, { source: "configuration", owner: configurationOwner, paused: 0 });
        await store.save(row);
        const made = createLiveSchedule(row, undefined);
        lives.set(row.id, made);
        tell(made, "created");
      } else if (JSON.stringify(definition) !== live.row.definition) {
        const row = changedRow(live, definition);
        await store.save(row);
        redefine(live, row);
        tell(live, "updated");
      }
    }
    return problems;
  };

  return {
    list,
    get,
    wake,
    async create({ name, paused, ...definition }, caller) {
      parseTiming(definition, clock.now());
      mustBeAhead(definition);
      await runs.check(definition, caller);
      return exclusively(async () => {
        if ([...lives.values()].some(({ row }) => row.name === name))
          throw new GantryError(
            "conflict",
            `name: there is a schedule ${name} already. Nothing was changed; choose another name, or update that one.`,
          );
        if (lives.size >= maxSchedules)
          throw new GantryError(
            "resourceExhausted",
            `There are ${maxSchedules} schedules, which is the limit. Delete one first. Nothing was changed.`,
          );
        const row = newRow(name, definition, { source: "api", owner: caller.keyId, paused: paused ? 1 : 0 });
        await store.save(row);
        const live = createLiveSchedule(row, undefined);
        lives.set(row.id, live);
        tell(live, "created");
        plan();
        return live;
      });
    },
    async update({ schedule, ...changes }, caller) {
      const live = get(schedule, caller);
      mayChange(live);
      const definition = merged(live.definition, changes);
      parseTiming(definition, clock.now());
      if (changes.at !== undefined) mustBeAhead(definition);
      await runs.check(definition, caller);
      return exclusively(async () => {
        const row = changedRow(get(schedule, caller), definition);
        await store.save(row);
        redefine(live, row);
        tell(live, "updated");
        plan();
        return live;
      });
    },
    remove: (which, caller) =>
      exclusively(async () => {
        const live = get(which, caller);
        mayChange(live);
        await drop(live);
        plan();
      }),
    reconfigure: () =>
      exclusively(async () => {
        const problems = await adoptConfigured();
        plan();
        return problems;
      }),
    setPaused: (which, paused, caller) =>
      exclusively(async () => {
        const live = get(which, caller);
        if ((live.row.paused === 1) === paused) return live;
        const nowMs = clock.now();
        const row: ScheduleRow = { ...live.row, paused: paused ? 1 : 0, updatedAtMs: nowMs, ...(paused ? {} : { cursorMs: nowMs }) };
        await store.save(row);
        live.row = row;
        live.nextMs = live.ticks.next(row.cursorMs);
        tell(live, paused ? "paused" : "resumed");
        plan();
        return live;
      }),
    async trigger(which, caller) {
      const { live, tick } = await exclusively(async () => {
        const live = get(which, caller);
        for (let atMs = clock.now(); ; atMs += 1) {
          // A tick of this very millisecond is another one.
          const [tick] = await store.record(live.row.id, live.row.cursorMs, [newTick(live, atMs, { onSchedule: 0, dueAtMs: clock.now() })]);
          if (tick === undefined) continue;
          live.last = tick;
          return { live, tick };
        }
      });
      await firing.begin(live, tick);
      return tick;
    },
    ticks: (which, filter, caller) => store.ticks(get(which, caller).row.id, filter),
    next(which, count, caller) {
      const { row, ticks, definition } = get(which, caller);
      const items: { atMs: number; startsAtMs: number }[] = [];
      let atMs = ticks.next(Math.max(row.cursorMs, clock.now()));
      while (atMs !== undefined && items.length < count) {
        items.push({ atMs, startsAtMs: atMs + jitterOf(row.id, atMs, definition.jitterMs) });
        atMs = ticks.next(atMs);
      }
      return items;
    },
    async start() {
      for (const row of await store.schedules()) {
        try {
          lives.set(row.id, createLiveSchedule(row, await store.lastTick(row.id)));
        } catch (error) {
          logger.error({ err: error, schedule: row.name }, "a stored schedule cannot be read any more and was left out");
        }
      }
      await adoptConfigured();
      for (const stored of await store.unfinishedTicks()) {
        const live = lives.get(stored.scheduleId);
        if (live === undefined) continue;
        // One object for one tick: its end must be seen wherever it is shown.
        const tick = live.last?.scheduledAtMs === stored.scheduledAtMs ? live.last : stored;
        await firing.recover(live, tick);
      }
      await wake();
    },
    async close() {
      closed = true;
      alarm.close();
      firing.close();
      await turn;
    },
  };
}

const timingText = ({ cron, timeZone, everyMs, at }: Definition) => JSON.stringify([cron, timeZone, everyMs, at]);

/** What is given takes the place of what was; of alternatives, the one given puts the others out. */
function merged(definition: Definition, changes: Partial<Definition>): Definition {
  const kept: Partial<Definition> = { ...definition };
  if (changes.cron !== undefined || changes.everyMs !== undefined || changes.at !== undefined)
    for (const key of ["cron", "everyMs", "at"] as const) delete kept[key];
  if (changes.everyMs !== undefined || changes.at !== undefined) delete kept.timeZone;
  if (changes.input !== undefined || changes.argv !== undefined || changes.command !== undefined) {
    delete kept.input;
    delete kept.argv;
  }
  return { ...kept, ...changes } as Definition;
}
