/**
 * The rules of batches: all of it is accepted or nothing; items begin in order, as needs and concurrency allow; what has ended stays ended.
 * An item's row gets its execution's id before the execution is submitted under it, so that a restart can only find it and never run it twice.
 */
import {
  type BatchCounts,
  type batchEvents as events,
  type BatchItemState,
  type BatchState,
  type CreateBatchInput,
  type ExecutionError,
  GantryError,
} from "@gantry/contract";

import { type Caller, mayTouch } from "../core/caller.ts";
import type { Clock } from "../core/clock.ts";
import type { Publish } from "../core/event-bus.ts";
import { newId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import { createLiveBatch, type LiveBatch, notify } from "./live-batch.ts";
import { checkNeeds } from "./plan.ts";
import type { RunRequest, Runs } from "./runs.ts";
import { batchStateAfter, countItems, failureStates, isFailure, recount } from "./state.ts";
import type { BatchRow, BatchStore, ItemRow } from "./store.ts";

export interface BatchesServiceOptions {
  store: BatchStore;
  runs: Runs;
  publish: Publish<typeof events>;
  clock: Clock;
  logger: Logger;
}

export interface BatchesService {
  /** Resolves when all of it is durable. */
  create(input: CreateBatchInput, caller: Caller): Promise<LiveBatch>;
  /** Undefined when it has ended (or never was). */
  live(id: string): LiveBatch | undefined;
  /** Throws notFound, also for what the caller may not see. */
  get(id: string, caller: Caller): Promise<BatchRow>;
  list(filter: { state: BatchState | undefined; before: string | undefined; limit: number }, caller: Caller): Promise<BatchRow[]>;
  items(
    id: string,
    filter: { after: number | undefined; states: readonly BatchItemState[] | undefined; limit: number },
  ): Promise<ItemRow[]>;
  /** In the order in which they ended. */
  endedItems(id: string): Promise<ItemRow[]>;
  /** The first of these that failed. */
  failures(id: string, limit: number): Promise<ItemRow[]>;
  /** Resolves to the row when all of it has ended. */
  cancel(id: string, caller: Caller): Promise<BatchRow>;
  /** Goes on with what an earlier daemon left. */
  start(): Promise<void>;
  close(): Promise<void>;
}

/** A bound on memory: a batch may have ten thousand items. */
const maxRunning = 100;
/** When something could not be stored or the queue is full. */
const retryMs = 1000;
const progressEveryMs = 200;
const tagsAllowed = 16;
const maxItems = 10_000;

export function createBatchesService({ store, runs, publish, clock, logger }: BatchesServiceOptions): BatchesService {
  const lives = new Map<string, LiveBatch>();
  let closed = false;

  const brief = ({ row, counts }: LiveBatch) => ({
    batchId: row.id,
    name: row.name,
    owner: row.owner,
    state: row.state,
    counts: { ...counts },
  });
  const pause = () => new Promise((resolve) => setTimeout(resolve, retryMs).unref());

  /** Until it succeeds: the disk may be full for a while. */
  const insist = async (what: string, write: () => Promise<void>) => {
    for (;;) {
      if (closed) return;
      try {
        await write();
        return;
      } catch (error) {
        logger.error({ err: error }, `${what} could not be stored; trying again`);
        await pause();
      }
    }
  };

  const markEnded = (live: LiveBatch, item: ItemRow, state: BatchItemState, error: ExecutionError | null, endedAtMs: number) => {
    recount(live.counts, item.state, state);
    // The request may hold secrets in its environment and is needed no more.
    Object.assign(item, {
      state,
      error: error === null ? null : JSON.stringify(error),
      endedAtMs,
      endOrder: live.ended.length,
      request: null,
    });
    live.ended.push(item);
  };

  const whySkipped = ({ row }: LiveBatch, cause: ItemRow | undefined): ExecutionError => {
    if (row.cancelRequested === 1 || cause === undefined) return { name: "Cancelled", message: "The batch was cancelled before it began." };
    if (row.stopOnError === 1)
      return { name: "Stopped", message: `The batch stopped at the first failure: item ${cause.itemId} ${cause.state}.` };
    return { name: "NeedsFailed", message: `It needs item ${cause.itemId}, directly or not, which did not succeed.` };
  };

  /** Whoever wants each item watches the batch; this is for lists and pages, which thousands of events would only slow down. */
  const tellProgress = (live: LiveBatch) => {
    const nowMs = clock.monotonic();
    if (nowMs - live.progressToldMs < progressEveryMs) return;
    live.progressToldMs = nowMs;
    publish("batch.progress", brief(live));
  };

  const endItems = async (live: LiveBatch, item: ItemRow, state: BatchItemState, error: ExecutionError | null, endedAtMs: number) => {
    markEnded(live, item, state, error, endedAtMs);
    const lost = live.plan.end(item.position, state === "succeeded").map((position) => live.items[position] as ItemRow);
    for (const skipped of lost) markEnded(live, skipped, "skipped", whySkipped(live, item), clock.now());
    notify(live);
    tellProgress(live);
    pump(live);
    await insist("the end of an item", () => store.saveItems([item, ...lost]));
    await concludeIfDone(live);
  };

  const concludeIfDone = async (live: LiveBatch) => {
    if (live.ended.length < live.items.length || live.isConcluding || closed) return;
    live.isConcluding = true;
    const state = batchStateAfter(live.counts, live.row.cancelRequested === 1);
    const row: BatchRow = {
      ...live.row,
      state,
      counts: JSON.stringify(live.counts),
      endedAtMs: Math.max(clock.now(), live.row.createdAtMs),
    };
    await insist("the end of a batch", () => store.saveBatch(row));
    if (closed) return;
    live.row = row;
    lives.delete(row.id);
    live.whenEnded.resolve();
    notify(live);
    publish("batch.ended", brief(live));
  };

  const setState = (live: LiveBatch, item: ItemRow, change: Pick<ItemRow, "state"> & Partial<ItemRow>) => {
    recount(live.counts, item.state, change.state);
    Object.assign(item, change);
    notify(live);
  };

  /** From its turn to its end; also of one that an earlier daemon has begun. */
  const run = async (live: LiveBatch, item: ItemRow) => {
    const request = JSON.parse(item.request ?? "{}") as RunRequest;
    for (;;) {
      try {
        if (item.state === "waiting") {
          if (live.row.cancelRequested === 1) {
            await endItems(live, item, "skipped", whySkipped(live, undefined), clock.now());
            return;
          }
          const promised = { ...item, state: "starting" as const, executionId: newId("exe") };
          await store.saveItems([promised]);
          setState(live, item, promised);
        }
        await runs.submit(item.executionId as string, request, live.row.owner);
        break;
      } catch (error) {
        if (closed) return;
        if (error instanceof GantryError && !error.retryable) {
          await endItems(live, item, "refused", { name: error.code, message: error.message }, clock.now());
          return;
        }
        logger.warn({ err: error, batch: live.row.id, item: item.itemId }, "an item cannot begin now; trying again");
        await pause();
        if (closed) return;
      }
    }
    if (item.state !== "running") setState(live, item, { state: "running" });
    if (live.row.cancelRequested === 1) cancelRun(item);
    const { state, endedAtMs, error } = await runs.ended(item.executionId as string);
    if (!closed) await endItems(live, item, state, error, endedAtMs);
  };

  const cancelRun = ({ executionId }: ItemRow) => {
    runs.cancel(executionId as string).catch((error: unknown) => logger.error({ err: error, executionId }, "cancelling an item failed"));
  };

  const launch = (live: LiveBatch, item: ItemRow) =>
    void run(live, item).catch(
      (error: unknown) => closed || logger.error({ err: error, batch: live.row.id, item: item.itemId }, "an item was lost sight of"),
    );

  const pump = (live: LiveBatch) => {
    if (closed) return;
    for (let position = live.plan.take(); position !== undefined; position = live.plan.take())
      launch(live, live.items[position] as ItemRow);
  };

  const checkItems = async (items: (CreateBatchInput["items"][number] & { id: string })[], caller: Caller) => {
    const issues = checkNeeds(items).map(({ index, field, message }) => ({ field: `items.${index}.${field}`, message }));
    if (issues[0] !== undefined)
      throw new GantryError("invalidArgument", `${issues[0].field}: ${issues[0].message}. Nothing was run.`, { details: { issues } });
    for (const [index, { id, needs: _, ...request }] of items.entries()) {
      try {
        await runs.check(request, caller);
      } catch (error) {
        if (!(error instanceof GantryError)) throw error;
        const details = { ...error.details, item: index };
        throw new GantryError(error.code, `items.${index} (${id}): ${error.message} Nothing of the batch was run.`, {
          cause: error,
          details,
        });
      }
    }
  };

  const get: BatchesService["get"] = async (id, caller) => {
    const row = lives.get(id)?.row ?? (await store.get(id));
    if (row === undefined || !mayTouch(caller, row.owner))
      throw new GantryError("notFound", `There is no batch ${id}. See the latest with: gantry batch list.`);
    return row;
  };

  return {
    get,
    live: (id) => lives.get(id),
    async create({ name, items: given, concurrency, stopOnError }, caller) {
      const items = given.map((item, index) => ({ ...item, id: item.id ?? String(index + 1) }));
      await checkItems(items, caller);
      if (lives.size >= maxRunning)
        throw new GantryError(
          "resourceExhausted",
          `${lives.size} batches are running, which is the limit. Nothing was run; try again later.`,
        );
      const batchId = newId("bat");
      const rows = items.map(({ id, needs, ...request }, position): ItemRow => {
        const tags = request.tags.length < tagsAllowed ? [...request.tags, batchId] : request.tags;
        return {
          batchId,
          position,
          itemId: id,
          command: request.command,
          needs: JSON.stringify(needs),
          request: JSON.stringify({ ...request, tags }),
          state: "waiting",
          executionId: null,
          error: null,
          endedAtMs: null,
          endOrder: null,
        };
      });
      const row: BatchRow = {
        id: batchId,
        name: name ?? null,
        owner: caller.keyId,
        state: "running",
        concurrency,
        stopOnError: stopOnError ? 1 : 0,
        cancelRequested: 0,
        counts: JSON.stringify(countItems(rows) satisfies BatchCounts),
        createdAtMs: clock.now(),
        endedAtMs: null,
      };
      await store.insert(row, rows);
      const { live } = createLiveBatch(row, rows);
      lives.set(batchId, live);
      publish("batch.accepted", brief(live));
      pump(live);
      return live;
    },
    list: (filter, caller) => store.list({ ...filter, owner: mayTouch(caller, "") ? undefined : caller.keyId }),
    async items(id, { after, states, limit }) {
      const live = lives.get(id);
      if (live === undefined)
        return store.items(id, { ...(after === undefined ? {} : { after }), ...(states === undefined ? {} : { states }), limit });
      return live.items.filter(({ position, state }) => position > (after ?? -1) && states?.includes(state) !== false).slice(0, limit);
    },
    endedItems: (id) => store.endedItems(id, undefined, maxItems),
    async failures(id, limit) {
      const live = lives.get(id);
      if (live === undefined) return store.endedItems(id, failureStates, limit);
      return live.ended.filter(({ state }) => isFailure(state)).slice(0, limit);
    },
    async cancel(id, caller) {
      await get(id, caller);
      const live = lives.get(id);
      if (live === undefined) return get(id, caller);
      if (live.row.cancelRequested === 0) {
        const row: BatchRow = { ...live.row, cancelRequested: 1 };
        await store.saveBatch(row);
        if (live.row.endedAtMs === null) {
          live.row = row;
          const lost = live.plan.stop().map((position) => live.items[position] as ItemRow);
          for (const item of lost) markEnded(live, item, "skipped", whySkipped(live, undefined), clock.now());
          for (const item of live.items) if (item.state === "running") cancelRun(item);
          notify(live);
          await insist("a cancel", () => store.saveItems(lost));
          await concludeIfDone(live);
        }
      }
      await live.whenEnded.promise;
      return live.row;
    },
    async start() {
      for (const row of await store.running()) {
        const { live, lost, begun } = createLiveBatch(row, await store.items(row.id));
        lives.set(row.id, live);
        const [cause] = live.ended.filter(({ state }) => state !== "succeeded" && state !== "skipped");
        for (const item of lost) markEnded(live, item, "skipped", whySkipped(live, cause), clock.now());
        if (lost.length > 0) await store.saveItems(lost);
        logger.info({ batch: row.id, ...live.counts }, "goes on with a batch");
        for (const item of begun) launch(live, item);
        pump(live);
        await concludeIfDone(live);
      }
    },
    async close() {
      closed = true;
      await store.flush();
    },
  };
}
