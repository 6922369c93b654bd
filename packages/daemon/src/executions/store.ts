/** All SQL of executions and their attempts. */
import type { ExecutionError, ExecutionState } from "@gantry/contract";
import { type CompiledQuery, type Selectable, sql } from "kysely";

import { listExecutions, type ListedRow, type ListFilter } from "./listing/store.ts";
import type { Database } from "../storage/database.ts";
import type { AttemptsTable, ExecutionsTable } from "../storage/tables.ts";
import { createWriteQueue } from "../storage/write-queue.ts";

export type ExecutionRow = Selectable<ExecutionsTable>;
export type AttemptRow = Selectable<AttemptsTable>;

export interface Ending {
  /** Of the attempt that ends it, if one does. */
  attemptStartedAtMs: number;
  state: ExecutionState;
  endedAtMs: number;
  result: string | null;
  error: ExecutionError | null;
  exitCode: number | null;
  signal: string | null;
  outputBytes: number;
  /** JSON of Leftover[]. */
  leftovers?: string | null;
}

export interface ExecutionStore {
  /** Resolves when it is durable, queued or running already. */
  insert(row: ExecutionRow): Promise<void>;
  begin(row: ExecutionRow, attemptStartedAtMs: number): Promise<void>;
  /** `row` as it was before. One that was not running has no attempt to tell of. */
  end(row: ExecutionRow, ending: Ending): Promise<void>;
  /** An attempt has ended, and the row waits for another. */
  retry(row: ExecutionRow, ended: AttemptRow): Promise<void>;
  /** It is due and waits for a place. */
  requeue(id: string): Promise<void>;
  get(id: string): Promise<ExecutionRow | undefined>;
  findByKey(owner: string, idempotencyKey: string): Promise<ExecutionRow | undefined>;
  attempts(id: string): Promise<AttemptRow[]>;
  list(filter: ListFilter): Promise<ListedRow[]>;
  /** Oldest first. */
  unfinished(): Promise<ExecutionRow[]>;
  /** All there are. Counted once and kept: counting a million rows for every status would cost more than the status. */
  count(): Promise<number>;
  /** So many were removed by the retention of history. */
  removed(count: number): void;
  /** When each was paused, by name. */
  pausedQueues(): Promise<Map<string, number>>;
  /** Undefined: it is not paused any more. */
  setPaused(queue: string, atMs: number | undefined): Promise<void>;
  flush(): Promise<void>;
}

export function createExecutionStore(db: Database): ExecutionStore {
  const writes = createWriteQueue(db);
  const statements = prepareStatements(db);
  let total: number | undefined;

  return {
    async insert(row) {
      await writes.write([statements.insertExecution(row)]);
      if (total !== undefined) total += 1;
    },
    begin({ id, attempt, startedAtMs, worker }, attemptStartedAtMs) {
      const group = [statements.beginExecution([attempt, startedAtMs, worker, id])];
      // Of the first one the execution's own row tells all.
      if (attempt > 1) group.push(statements.putAttempt([id, attempt, "running", attemptStartedAtMs, null, null, null, null, worker]));
      return writes.write(group);
    },
    retry({ id, state, dueAtMs, outputBytes }, ended) {
      const { attempt, startedAtMs, endedAtMs, exitCode, signal, error, worker } = ended;
      return writes.write([
        statements.retryExecution([state, dueAtMs, outputBytes, id]),
        statements.putAttempt([id, attempt, ended.state, startedAtMs, endedAtMs, exitCode, signal, error, worker]),
      ]);
    },
    requeue: (id) => writes.write([statements.requeueExecution([id])]),
    end(row, { attemptStartedAtMs, state, endedAtMs, result, error, exitCode, signal, outputBytes, leftovers = null }) {
      const { id, attempt, worker } = row;
      const errorText = error === null ? null : JSON.stringify(error);
      const group = [statements.endExecution([state, endedAtMs, result, errorText, exitCode, signal, outputBytes, leftovers, id])];
      // An only attempt is told by its execution's own row.
      if (row.state === "running" && attempt > 1)
        group.push(statements.putAttempt([id, attempt, state, attemptStartedAtMs, endedAtMs, exitCode, signal, errorText, worker]));
      return writes.write(group);
    },
    get: (id) => db.selectFrom("executions").selectAll().where("id", "=", id).executeTakeFirst(),
    findByKey: (owner, idempotencyKey) =>
      db.selectFrom("executions").selectAll().where("owner", "=", owner).where("idempotencyKey", "=", idempotencyKey).executeTakeFirst(),
    attempts: (id) => db.selectFrom("attempts").selectAll().where("executionId", "=", id).orderBy("attempt").execute(),
    list: (filter) => listExecutions(db, filter),
    unfinished: () => db.selectFrom("executions").selectAll().where("endedAtMs", "is", null).orderBy("id").execute(),
    async count() {
      if (total === undefined) {
        const counted = await db.selectFrom("executions").select(db.fn.countAll<number>().as("count")).executeTakeFirstOrThrow();
        total ??= counted.count;
      }
      return total;
    },
    removed(count) {
      if (total !== undefined) total -= count;
    },
    async pausedQueues() {
      const rows = await db.selectFrom("pausedQueues").selectAll().execute();
      return new Map(rows.map(({ name, pausedAtMs }) => [name, pausedAtMs]));
    },
    async setPaused(name, pausedAtMs) {
      if (pausedAtMs === undefined) await db.deleteFrom("pausedQueues").where("name", "=", name).execute();
      else await db.replaceInto("pausedQueues").values({ name, pausedAtMs }).execute();
    },
    flush: () => writes.flush(),
  };
}

const executionColumns = [
  "id",
  "command",
  "kind",
  "state",
  "owner",
  "priority",
  "tags",
  "input",
  "sealedInput",
  "inputDigest",
  "cwd",
  "env",
  "timeoutMs",
  "attempt",
  "createdAtMs",
  "startedAtMs",
  "endedAtMs",
  "result",
  "error",
  "exitCode",
  "signal",
  "outputBytes",
  "worker",
  "idempotencyKey",
  "queue",
  "policy",
  "dueAtMs",
  "expiresAtMs",
  "retryOf",
  "leftovers",
] as const satisfies (keyof ExecutionRow)[];

/** Every execution runs these, so they are built and compiled once; only their parameters change. */
function prepareStatements(db: Database) {
  const placeholders = Object.fromEntries(executionColumns.map((column) => [column, null]));
  const insertExecution = db.insertInto("executions").values(placeholders as never);
  const beginExecution = sql`UPDATE "executions" SET "state" = 'running', "attempt" = ${0}, "startedAtMs" = ${0}, "worker" = ${null} WHERE "id" = ${""}`;
  const retryExecution = sql`UPDATE "executions" SET "state" = ${""}, "dueAtMs" = ${0}, "outputBytes" = ${0}, "worker" = NULL WHERE "id" = ${""}`;
  const requeueExecution = sql`UPDATE "executions" SET "state" = 'queued' WHERE "id" = ${""} AND "state" = 'scheduled'`;
  // Or replace: an earlier version wrote it when it began, and a daemon may die between here and its answer.
  const putAttempt = sql`INSERT OR REPLACE INTO "attempts"
    ("executionId", "attempt", "state", "startedAtMs", "endedAtMs", "exitCode", "signal", "error", "worker")
    VALUES (${""}, ${0}, ${""}, ${0}, ${0}, ${null}, ${null}, ${null}, ${null})`;
  const endExecution = sql`UPDATE "executions" SET "state" = ${""}, "endedAtMs" = ${0}, "result" = ${null}, "error" = ${null},
    "exitCode" = ${null}, "signal" = ${null}, "outputBytes" = ${0}, "leftovers" = ${null}, "env" = NULL, "sealedInput" = NULL WHERE "id" = ${""} AND "endedAtMs" IS NULL`;
  const withParameters = (query: CompiledQuery) => (parameters: readonly unknown[]) => ({ ...query, parameters });
  const withRow = withParameters(insertExecution.compile());
  return {
    insertExecution: (row: ExecutionRow) => withRow(executionColumns.map((column) => row[column])),
    beginExecution: withParameters(beginExecution.compile(db)),
    retryExecution: withParameters(retryExecution.compile(db)),
    requeueExecution: withParameters(requeueExecution.compile(db)),
    endExecution: withParameters(endExecution.compile(db)),
    putAttempt: withParameters(putAttempt.compile(db)),
  };
}
