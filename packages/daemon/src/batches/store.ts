/** All SQL of batches and their items. */
import type { BatchItemState, BatchState } from "@gantry/contract";
import type { Selectable } from "kysely";

import type { Sealing } from "../core/sealing.ts";
import type { Database } from "../storage/database.ts";
import type { BatchesTable, BatchItemsTable } from "../storage/tables.ts";
import { createWriteQueue } from "../storage/write-queue.ts";

export type BatchRow = Selectable<BatchesTable>;
export type ItemRow = Selectable<BatchItemsTable>;

export interface BatchStore {
  /** All or nothing. */
  insert(batch: BatchRow, items: ItemRow[]): Promise<void>;
  saveBatch(batch: BatchRow): Promise<void>;
  saveItems(items: ItemRow[]): Promise<void>;
  get(id: string): Promise<BatchRow | undefined>;
  running(): Promise<BatchRow[]>;
  /** In their order. */
  items(batchId: string, filter?: { after?: number; states?: readonly BatchItemState[]; limit?: number }): Promise<ItemRow[]>;
  /** In the order in which they ended. */
  endedItems(batchId: string, states: readonly BatchItemState[] | undefined, limit: number): Promise<ItemRow[]>;
  /** Newest first. */
  list(filter: {
    state: BatchState | undefined;
    owner: string | undefined;
    before: string | undefined;
    limit: number;
  }): Promise<BatchRow[]>;
  flush(): Promise<void>;
}

/** Below SQLite's limit of 32,766 parameters in one statement. */
const rowsInStatement = 500;
/** So many batches that have ended are kept. */
const keptBatches = 1000;

/** Requests are sealed at rest: their input and environment may hold secrets. One that can no longer be read is empty. */
export function createBatchStore(db: Database, sealing: Sealing): BatchStore {
  const writes = createWriteQueue(db);
  const sealed = (request: string | null) => (request === null ? null : sealing.seal(request));
  const opened = (rows: ItemRow[]) =>
    rows.map((row) => (row.request === null ? row : { ...row, request: sealing.open(row.request) ?? "{}" }));
  return {
    insert: (batch, items) =>
      db.transaction().execute(async (transaction) => {
        await transaction.insertInto("batches").values(batch).execute();
        for (let from = 0; from < items.length; from += rowsInStatement) {
          await transaction
            .insertInto("batchItems")
            .values(items.slice(from, from + rowsInStatement).map((item) => ({ ...item, request: sealed(item.request) })))
            .execute();
        }
        const old = await transaction
          .selectFrom("batches")
          .select("id")
          .where("endedAtMs", "is not", null)
          .orderBy("id", "desc")
          .offset(keptBatches)
          .limit(rowsInStatement)
          .execute();
        if (old.length === 0) return;
        const ids = old.map(({ id }) => id);
        await transaction.deleteFrom("batchItems").where("batchId", "in", ids).execute();
        await transaction.deleteFrom("batches").where("id", "in", ids).execute();
      }),
    saveBatch: ({ id, ...row }) => writes.write([db.updateTable("batches").set(row).where("id", "=", id).compile()]),
    saveItems: (items) =>
      writes.write(
        items.map(({ batchId, position, request, state, executionId, error, endedAtMs, endOrder }) =>
          db
            .updateTable("batchItems")
            .set({ request: sealed(request), state, executionId, error, endedAtMs, endOrder })
            .where("batchId", "=", batchId)
            .where("position", "=", position)
            .compile(),
        ),
      ),
    get: (id) => db.selectFrom("batches").selectAll().where("id", "=", id).executeTakeFirst(),
    running: () => db.selectFrom("batches").selectAll().where("endedAtMs", "is", null).orderBy("id").execute(),
    async items(batchId, { after, states, limit } = {}) {
      let query = db.selectFrom("batchItems").selectAll().where("batchId", "=", batchId).orderBy("position");
      if (after !== undefined) query = query.where("position", ">", after);
      if (states !== undefined) query = query.where("state", "in", [...states]);
      if (limit !== undefined) query = query.limit(limit);
      return opened(await query.execute());
    },
    async endedItems(batchId, states, limit) {
      let query = db
        .selectFrom("batchItems")
        .selectAll()
        .where("batchId", "=", batchId)
        .where("endOrder", "is not", null)
        .orderBy("endOrder")
        .limit(limit);
      if (states !== undefined) query = query.where("state", "in", [...states]);
      return opened(await query.execute());
    },
    list({ state, owner, before, limit }) {
      let query = db.selectFrom("batches").selectAll().orderBy("id", "desc").limit(limit);
      if (state !== undefined) query = query.where("state", "=", state);
      if (owner !== undefined) query = query.where("owner", "=", owner);
      if (before !== undefined) query = query.where("id", "<", before);
      return query.execute();
    },
    flush: () => writes.flush(),
  };
}
