/** Keeps history within its limits of age, count, and bytes: in small batches, beside the work, each batch a transaction of its own. */
import { rm } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

import type { HistoryLimits } from "@gantry/contract";

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import { logFileOf } from "../live-execution.ts";
import type { ExecutionStore } from "../store.ts";
import { type HistoryStore, type KeptExecution, type Outcome, weigh } from "./store.ts";
import { surplusOf, type Tallies } from "./surplus.ts";

export interface RetentionOptions {
  store: HistoryStore;
  /** May change at any time. */
  limits: Readonly<HistoryLimits>;
  outputsDirectory: string;
  /** So many rows are gone. */
  onRemoved(count: number): void;
  clock: Clock;
  logger: Logger;
}

export interface Retention {
  /** A store that tells of each end. */
  watch(store: ExecutionStore): ExecutionStore;
  /** Call when everything that an earlier daemon left has been taken up: it may look for executions that are due to be removed. */
  start(): void;
  /** Removes what is to be removed now; resolves to how many. */
  sweep(): Promise<number>;
  close(): Promise<void>;
}

const sweepEveryMs = 60_000;
/** About two milliseconds of the database's time. */
const batchSize = 100;
const sliceSize = 1000;
/** Between batches, for requests to get in. */
const pauseMs = 5;
/** Whoever waits for an execution, such as a batch, must be able to read how it ended. */
const keptAtLeastMs = 60_000;
/** A sweep goes on where the one before has ended; now and then from the beginning, for what ran very long. */
const sweepsFromOneStart = 60;
const dayMs = 86_400_000;

export function createRetention({ store, limits, outputsDirectory, onRemoved, clock, logger }: RetentionOptions): Retention {
  const tallies: Tallies = { succeeded: { count: 0, bytes: 0 }, failed: { count: 0, bytes: 0 } };
  const after: Record<Outcome, string> = { succeeded: "", failed: "" };
  const maxAgeDays = (outcome: Outcome) => (outcome === "succeeded" ? limits.maxAgeDays : limits.failedMaxAgeDays);
  let talliedAtMs: number | undefined;
  let sweeps = 0;
  let timer: NodeJS.Timeout | undefined;
  let sweeping: Promise<number> | undefined;
  const closing = new AbortController();

  const add = ({ outcome, bytes }: Pick<KeptExecution, "outcome" | "bytes">, sign: 1 | -1) => {
    tallies[outcome].count += sign;
    tallies[outcome].bytes += sign * bytes;
  };

  /** Once: later ones are told of as they end. */
  const tallyUp = async () => {
    const endedByMs = clock.now();
    talliedAtMs = endedByMs;
    for (let from: string | undefined = ""; from !== undefined && !closing.signal.aborted;) {
      const { kept, last } = await store.slice(from, endedByMs, sliceSize);
      for (const one of kept) add(one, 1);
      from = last;
      await pause(pauseMs);
    }
  };

  const remove = async (rows: readonly KeptExecution[]) => {
    // The files first: a row without its output still tells something, a file without its row would stay for ever.
    await Promise.all(rows.filter(({ hasLog }) => hasLog).map(({ id }) => rm(logFileOf(outputsDirectory, id), { force: true })));
    await store.remove(rows.map(({ id }) => id));
    for (const row of rows) {
      add(row, -1);
      after[row.outcome] = row.id;
    }
    onRemoved(rows.length);
    await pause(pauseMs);
    return rows.length;
  };

  const removeAged = async (outcome: Outcome) => {
    let removed = 0;
    const beforeMs = clock.now() - Math.max(keptAtLeastMs, maxAgeDays(outcome) * dayMs);
    for (let full = true; full && !closing.signal.aborted;) {
      const rows = await store.oldest(outcome, after[outcome], beforeMs, batchSize);
      full = rows.length === batchSize;
      if (rows.length > 0) removed += await remove(rows);
    }
    return removed;
  };

  const removeSurplus = async () => {
    let removed = 0;
    for (let outcome = surplusOf(tallies, limits); outcome !== undefined && !closing.signal.aborted; outcome = surplusOf(tallies, limits)) {
      const candidates = await store.oldest(outcome, after[outcome], clock.now() - keptAtLeastMs, batchSize);
      const rows: KeptExecution[] = [];
      // Taken off a copy until it fits or it is the other outcome's turn.
      const left: Tallies = { succeeded: { ...tallies.succeeded }, failed: { ...tallies.failed } };
      for (const row of candidates) {
        if (surplusOf(left, limits) !== outcome) break;
        rows.push(row);
        left[outcome].count -= 1;
        left[outcome].bytes -= row.bytes;
      }
      if (rows.length === 0) break;
      removed += await remove(rows);
    }
    return removed;
  };

  const sweepOnce = async () => {
    if (talliedAtMs === undefined) await tallyUp();
    if (sweeps % sweepsFromOneStart === 0) Object.assign(after, { succeeded: "", failed: "" });
    sweeps += 1;
    const removed = (await removeAged("succeeded")) + (await removeAged("failed")) + (await removeSurplus());
    if (removed > 0)
      logger.info({ removed, kept: tallies.succeeded.count + tallies.failed.count }, "removed old executions from the history");
    return removed;
  };

  const sweep = () => (sweeping ??= sweepOnce().finally(() => (sweeping = undefined)));

  const tick = async () => {
    await sweep().catch(
      (error: unknown) => closing.signal.aborted || logger.error({ err: error }, "old executions could not be removed; trying again later"),
    );
    if (!closing.signal.aborted) timer = setTimeout(() => void tick(), sweepEveryMs).unref();
  };

  return {
    watch: (executions) => ({
      ...executions,
      async end(row, ending) {
        await executions.end(row, ending);
        // Earlier ones are found when all is counted.
        if (talliedAtMs !== undefined) add(weigh(row, ending), 1);
      },
    }),
    start: () => void tick(),
    sweep,
    async close() {
      closing.abort();
      clearTimeout(timer);
      await sweeping?.catch(() => undefined);
    },
  };
}
