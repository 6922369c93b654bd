/** The sessions that live, and those whose screen the host still has: their state as host, viewers, and store see it. */
import type { sessionEvents } from "@gantry/contract";
import { encodeServerMessage } from "@gantry/contract/session-protocol";

import type { Clock } from "../core/clock.ts";
import type { Publish } from "../core/event-bus.ts";
import type { Logger } from "../core/logger.ts";
import type { ChildExit, ChildStatus, HostLink, TreeUsage } from "../host/link.ts";
import { isLive, liveStates, nextState, type SessionStep } from "./state.ts";
import type { SessionRow, SessionStore } from "./store.ts";
import { createViewers, type Viewers } from "./viewers.ts";
import { brief } from "./views.ts";

export interface LiveSessionsOptions {
  store: SessionStore;
  link: HostLink;
  publish: Publish<typeof sessionEvents>;
  clock: Clock;
  logger: Logger;
}

/** What the daemon keeps of a session that lives or whose screen the host still has. */
export interface Held {
  row: SessionRow;
  viewers: Viewers;
  lastInputMs: number;
  /** When its processes were last seen at work. */
  busyMs: number;
  usage: TreeUsage | undefined;
  /** While it is not known whether the start was one: told the exit instead of everybody. */
  settling?: ((exit: ChildExit) => void) | undefined;
}

const quietAfterMs = 60_000;
const sweepMs = 15_000;
/** Of one core, over the time since the measurement before. Timers and blinking cursors stay well below. */
const busyPercent = 5;
/** Ended sessions whose last screen can still be looked at. */
const keptScreens = 16;

export interface LiveSessions {
  /** Finds what lived on while no daemon was there. */
  adopt(): Promise<void>;
  hold(row: SessionRow): Held;
  get(id: string): Held | undefined;
  drop(id: string): void;
  /** Lets go of the screens of ended sessions, but for the newest `keep`; tells how many. */
  release(keep: number): Promise<number>;
  live(): Held[];
  /** Asks the host what has happened; what does not pass through the daemon only the host knows. */
  refresh(): Promise<void>;
  step(one: Held, by: SessionStep, values?: Partial<SessionRow>): Promise<void>;
  ended(one: Held, exit: ChildExit): Promise<void>;
  resize(one: Held, cols: number, rows: number): Promise<void>;
  close(): void;
}

export function createLiveSessions(options: LiveSessionsOptions): LiveSessions {
  const { store, link, publish, clock, logger } = options;
  const held = new Map<string, Held>();
  let sweeping: NodeJS.Timeout | undefined;

  const hold = (row: SessionRow): Held => {
    const one: Held = {
      row,
      lastInputMs: row.lastActivityMs,
      busyMs: 0,
      usage: undefined,
      viewers: createViewers({
        resize: (cols, rows) => void resize(one, cols, rows),
        status: () => ({ state: one.row.state, title: one.row.title }),
        changed: () => {
          // Known to the next daemon, too: the idle time begins when the last viewer leaves.
          if (one.viewers.count === 0 && isLive(one.row.state)) void change(one, { lastUsedMs: clock.now() });
          publish("session.attachments", { ...brief(one.row), viewers: one.viewers.count });
        },
      }),
    };
    held.set(row.id, one);
    sweeping ??= setInterval(
      () => void sweep().catch((err: unknown) => logger.warn({ err }, "sessions could not be looked at")),
      sweepMs,
    ).unref();
    return one;
  };
  const live = (): Held[] => [...held.values()].filter(({ row }) => isLive(row.state));

  const change = (one: Held, values: Partial<SessionRow>): Promise<void> => {
    Object.assign(one.row, values);
    return store
      .update(one.row.id, values)
      .catch((err: unknown) => logger.error({ err, session: one.row.id }, "a session could not be stored"));
  };
  const step = async (one: Held, by: SessionStep, values: Partial<SessionRow> = {}): Promise<void> => {
    const state = nextState(one.row.state, by);
    if (state === one.row.state) return;
    await change(one, { ...values, state });
    if (isLive(state)) {
      publish("session.state", brief(one.row));
      one.viewers.tellStatus();
    } else {
      const { exitCode, signal, endReason } = one.row;
      publish("session.ended", { ...brief(one.row), exitCode, signal, endReason: endReason ?? state });
      await forgetOldest();
    }
  };
  const ended = async (one: Held, exit: ChildExit): Promise<void> => {
    // Asked before it may be forgotten, answered later: how much there was, only the host knows when nobody was attached.
    const asked = link.list().catch(() => []);
    // In the turn of the exit: whoever has been told of it must not find the session alive.
    await step(one, "exited", { exitCode: exit.code, signal: exit.signal, endReason: exit.reason, endedAtMs: exit.timeMs });
    const status = (await asked).find(({ id }) => id === one.row.id);
    if (status !== undefined && status.endOffset !== one.row.outputBytes) await change(one, { outputBytes: status.endOffset });
  };
  const lost = (one: Held): Promise<void> => step(one, "hostLost", { endReason: "lost", endedAtMs: clock.now() });

  const release = async (keep: number): Promise<number> => {
    const gone = [...held.values()].filter(({ row, viewers }) => !isLive(row.state) && viewers.count === 0);
    const released = gone.slice(0, Math.max(0, gone.length - keep));
    for (const { row } of released) {
      held.delete(row.id);
      await link.forget(row.id).catch(() => undefined);
    }
    return released.length;
  };
  const forgetOldest = async (): Promise<void> => {
    await release(keptScreens);
    if (live().length > 0 || sweeping === undefined) return;
    clearInterval(sweeping);
    sweeping = undefined;
  };
  /** Activity is the host's to know: what nobody views does not pass through the daemon. */
  const sweep = async (): Promise<void> => {
    for (const status of await link.list({ usage: true })) {
      const one = held.get(status.id);
      if (one !== undefined && isLive(one.row.state)) await refresh(one, status);
    }
  };
  const refresh = async (one: Held, status: ChildStatus): Promise<void> => {
    const lastActivityMs = Math.max(one.lastInputMs, status.lastOutputMs);
    one.usage = status.usage;
    if ((status.usage?.cpuPercent ?? 0) >= busyPercent) one.busyMs = clock.now();
    Object.assign(one.row, { outputBytes: status.endOffset, title: status.title, cols: status.cols, rows: status.rows });
    const lastUsedMs = one.viewers.count > 0 ? clock.now() : Math.max(one.row.lastUsedMs, one.busyMs);
    if (lastActivityMs !== one.row.lastActivityMs || lastUsedMs !== one.row.lastUsedMs)
      await change(one, { lastActivityMs, lastUsedMs, outputBytes: status.endOffset });
    if (one.settling === undefined) {
      await step(one, clock.now() - Math.max(lastActivityMs, one.busyMs) > quietAfterMs ? "quiet" : "activity");
    }
  };
  const resize = async (one: Held, cols: number, rows: number): Promise<void> => {
    if (!isLive(one.row.state) || (cols === one.row.cols && rows === one.row.rows)) return;
    link.resize(one.row.id, cols, rows);
    one.viewers.broadcast({ type: "resized", cols, rows });
    publish("session.resized", { ...brief(one.row), cols, rows });
    await change(one, { cols, rows });
  };

  const subscriptions = [
    link.on("exit", (id, exit) => {
      const one = held.get(id);
      if (one?.settling !== undefined) one.settling(exit);
      else if (one !== undefined) void ended(one, exit);
    }),
    link.on("lost", (id) => {
      const one = held.get(id);
      if (one !== undefined) void lost(one);
    }),
    link.on("title", (id, title) => {
      const one = held.get(id);
      if (one === undefined || one.row.title === title) return;
      publish("session.title", { ...brief(one.row), title });
      void change(one, { title }).then(() => one.viewers.tellStatus());
    }),
    link.on("inputDropped", (id, droppedBytes) => {
      const detail = `The program does not read its input: ${droppedBytes} bytes that were typed are dropped.`;
      held.get(id)?.viewers.controller?.send(encodeServerMessage({ type: "error", value: { code: "resourceExhausted", detail } }));
    }),
  ];

  return {
    async adopt() {
      const rows = await store.inStates(liveStates);
      // Without an answer nothing is known, so nothing is called lost; the daemon must start all the same.
      const children = await link.list().catch((err: unknown) => logger.error({ err }, "the process host cannot be asked for sessions"));
      if (children === undefined) return;
      const byId = new Map(children.map((status) => [status.id, status]));
      for (const row of rows) {
        const one = hold(row);
        const status = byId.get(row.id);
        if (status === undefined) await lost(one);
        else if (status.exit !== undefined) await ended(one, status.exit);
        else {
          await step(one, "started", { pid: status.pid });
          await refresh(one, status);
        }
      }
      for (const status of children) {
        if (!status.id.startsWith("ses_") || held.has(status.id)) continue;
        // An ended session of an earlier daemon: its screen can still be looked at.
        const row = await store.get(status.id);
        if (row !== undefined) hold(row);
        else if (status.exit !== undefined) await link.forget(status.id);
      }
      await forgetOldest();
    },
    hold,
    get: (id) => held.get(id),
    drop: (id) => void held.delete(id),
    release,
    live,
    async refresh() {
      if (live().length === 0) return;
      await sweep().catch((err: unknown) => logger.warn({ err }, "the process host did not answer; what is listed may be old"));
    },
    step,
    ended,
    resize,
    close() {
      clearInterval(sweeping);
      for (const unsubscribe of subscriptions) unsubscribe();
    },
  };
}
