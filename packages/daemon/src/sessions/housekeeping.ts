/** Ends sessions that are left idle for too long or use too much memory, and lets go of what is kept of ended ones. */
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import type { ExitReason, HostLink } from "../host/link.ts";
import type { Held, LiveSessions } from "./live-sessions.ts";
import type { SessionRecordings } from "./recordings.ts";

export interface HousekeepingLimits {
  /** 0: no session is too idle. */
  readonly idleTimeoutMs: number;
  readonly cleanupIntervalMs: number;
  readonly memoryLimitMb?: number | undefined;
}

export interface HousekeepingOptions {
  held: LiveSessions;
  link: HostLink;
  clock: Clock;
  logger: Logger;
  /** May change at any time; then call `reschedule`. */
  limits: HousekeepingLimits;
  recordings: SessionRecordings;
}

export interface Housekeeping {
  /** The sessions of `mine` that have been idle for this long (default: as configured). */
  idle(idleMs: number | undefined, mine: (one: Held) => boolean): Promise<Held[]>;
  end(one: Held, reason: ExitReason): Promise<void>;
  /** Removes the oldest recordings when all together are too large; tells how many. */
  pruneRecordings(): Promise<number>;
  /** Looks as often as the limits say now. */
  reschedule(): void;
  close(): void;
}

const memoryIntervalMs = 2000;
const bytesPerMb = 1024 * 1024;

export function createHousekeeping(options: HousekeepingOptions): Housekeeping {
  const { held, link, clock, logger, limits } = options;
  const ending = new Set<string>();

  const end = async (one: Held, reason: ExitReason): Promise<void> => {
    const { id } = one.row;
    if (ending.has(id)) return;
    ending.add(id);
    try {
      await held.ended(one, await link.terminate(id, { reason }));
    } finally {
      ending.delete(id);
    }
  };
  const idle: Housekeeping["idle"] = async (idleMs = limits.idleTimeoutMs, mine) => {
    await held.refresh();
    const nowMs = clock.now();
    return held.live().filter((one) => {
      const sinceMs = Math.max(one.row.lastActivityMs, one.row.lastUsedMs);
      return one.row.state !== "starting" && one.viewers.count === 0 && nowMs - sinceMs >= idleMs && mine(one);
    });
  };
  const endAll = async (all: Held[], reason: ExitReason, why: string): Promise<void> => {
    for (const { row } of all) logger.info({ session: row.id, name: row.name }, why);
    await Promise.all(all.map((one) => end(one, reason)));
  };
  const pruneRecordings = (): Promise<number> => options.recordings.prune(new Set(held.live().map(({ row }) => row.id)));
  const repeat = (everyMs: number, work: () => Promise<void>): NodeJS.Timeout =>
    setInterval(() => void work().catch((err: unknown) => logger.warn({ err }, "sessions could not be tidied up")), everyMs).unref();

  let timers: NodeJS.Timeout[] = [];
  const reschedule = (): void => {
    timers.forEach(clearInterval);
    timers = [
      repeat(limits.cleanupIntervalMs, async () => {
        await pruneRecordings();
        if (limits.idleTimeoutMs > 0)
          await endAll(await idle(undefined, () => true), "idleTimeout", "the session was idle for too long; it is ended");
      }),
    ];
    const { memoryLimitMb } = limits;
    if (memoryLimitMb === undefined) return;
    const tooLarge = ({ usage }: Held): boolean => (usage?.memoryBytes ?? 0) > memoryLimitMb * bytesPerMb;
    timers.push(
      repeat(memoryIntervalMs, async () => {
        await held.refresh();
        await endAll(held.live().filter(tooLarge), "memoryLimit", "the session used more memory than sessions.memoryLimitMb; it is ended");
      }),
    );
  };
  reschedule();
  return { idle, end, pruneRecordings, reschedule, close: () => timers.forEach(clearInterval) };
}
