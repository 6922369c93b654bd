/** All SQL of executions and their attempts. */
import type { ExecutionError, ExecutionState } from "@gantry/contract";
import { type CompiledQuery, type Selectable, sql } from "kysely";
import { encodeTime } from "ulid";

import type { Database } from "../storage/database.ts";
import type { AttemptsTable, ExecutionsTable } from "../storage/tables.ts";
import { createWriteQueue } from "../storage/write-queue.ts";

export type ExecutionRow = Selectable<ExecutionsTable>;
export type AttemptRow = Selectable<AttemptsTable>;

export interface Ending {
  state: ExecutionState;
  endedAtMs: number;
  result: string | null;
  error: ExecutionError | null;
  exitCode: number | null;
  signal: string | null;
  outputBytes: number;
}

export interface ListFilter {
  command?: string | undefined;
  states?: readonly ExecutionState[] | undefined;
  owner?: string | undefined;
  tag?: string | undefined;
  sinceMs?: number | undefined;
  untilMs?: number | undefined;
  /** Only what is older than this id. */
  before?: string | undefined;
  limit: number;
}

export interface ExecutionStore {
  /** Resolves when it is durable, queued or running already. */
  insert(row: ExecutionRow): Promise<void>;
  begin(row: ExecutionRow): Promise<void>;
  /** `row` as it was before. One that never began has no attempt to tell of. */
  end(row: ExecutionRow, ending: Ending): Promise<void>;
  get(id: string): Promise<ExecutionRow | undefined>;
  findByKey(owner: string, idempotencyKey: string): Promise<ExecutionRow | undefined>;
  attempts(id: string): Promise<AttemptRow[]>;
  list(filter: ListFilter): Promise<ExecutionRow[]>;
  /** Oldest first. */
  unfinished(): Promise<ExecutionRow[]>;
  count(): Promise<number>;
  flush(): Promise<void>;
}

export function createExecutionStore(db: Database): ExecutionStore {
  const writes = createWriteQueue(db);
  const statements = prepareStatements(db);

  return {
    insert: (row) => writes.write([statements.insertExecution(row)]),
    begin: ({ id, attempt, startedAtMs, worker }) => writes.write([statements.beginExecution([attempt, startedAtMs, worker, id])]),
    end(row, { state, endedAtMs, result, error, exitCode, signal, outputBytes }) {
      const { id, attempt, startedAtMs, worker } = row;
      const errorText = error === null ? null : JSON.stringify(error);
      const group = [statements.endExecution([state, endedAtMs, result, errorText, exitCode, signal, outputBytes, id])];
      if (attempt > 0) group.push(statements.putAttempt([id, attempt, state, startedAtMs, endedAtMs, exitCode, signal, errorText, worker]));
      return writes.write(group);
    },
    get: (id) => db.selectFrom("executions").selectAll().where("id", "=", id).executeTakeFirst(),
    findByKey: (owner, idempotencyKey) =>
      db.selectFrom("executions").selectAll().where("owner", "=", owner).where("idempotencyKey", "=", idempotencyKey).executeTakeFirst(),
    attempts: (id) => db.selectFrom("attempts").selectAll().where("executionId", "=", id).orderBy("attempt").execute(),
    list({ command, states, owner, tag, sinceMs, untilMs, before, limit }) {
      let query = db.selectFrom("executions").selectAll().orderBy("id", "desc").limit(limit);
      if (command !== undefined) query = query.where("command", "=", command);
      if (states !== undefined) query = query.where("state", "in", [...states]);
      // Says to the planner what the states imply, so that it finds the few unfinished rows among a million.
      if (states?.every((state) => unfinishedStates.has(state)) === true) query = query.where("endedAtMs", "is", null);
      else if (states?.some((state) => state === "succeeded" || unfinishedStates.has(state)) === false) {
        query = query.where("endedAtMs", "is not", null).where("state", "<>", "succeeded");
      }
      if (owner !== undefined) query = query.where("owner", "=", owner);
      if (tag !== undefined) query = query.where(sql<boolean>`EXISTS (SELECT 1 FROM json_each("tags") WHERE value = ${tag})`);
      // Ids sort by creation time, so a span of time is a span of the primary key.
      if (sinceMs !== undefined) query = query.where("id", ">=", firstIdAt(sinceMs));
      if (untilMs !== undefined) query = query.where("id", "<", firstIdAt(untilMs));
      if (before !== undefined) query = query.where("id", "<", before);
      return query.execute();
    },
    unfinished: () => db.selectFrom("executions").selectAll().where("endedAtMs", "is", null).orderBy("id").execute(),
    async count() {
      const { total } = await db.selectFrom("executions").select(db.fn.countAll<number>().as("total")).executeTakeFirstOrThrow();
      return total;
    },
    flush: () => writes.flush(),
  };
}

const unfinishedStates: ReadonlySet<ExecutionState> = new Set(["scheduled", "queued", "running"]);

function firstIdAt(timeMs: number): string {
  return `exe_${encodeTime(Math.max(0, timeMs), 10)}`;
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
] as const satisfies (keyof ExecutionRow)[];

/** Every execution runs these, so they are built and compiled once; only their parameters change. */
function prepareStatements(db: Database) {
  const placeholders = Object.fromEntries(executionColumns.map((column) => [column, null]));
  const insertExecution = db.insertInto("executions").values(placeholders as never);
  const beginExecution = sql`UPDATE "executions" SET "state" = 'running', "attempt" = ${0}, "startedAtMs" = ${0}, "worker" = ${null} WHERE "id" = ${""}`;
  // Or replace: an earlier version wrote it when it began, and a daemon may die between here and its answer.
  const putAttempt = sql`INSERT OR REPLACE INTO "attempts"
    ("executionId", "attempt", "state", "startedAtMs", "endedAtMs", "exitCode", "signal", "error", "worker")
    VALUES (${""}, ${0}, ${""}, ${0}, ${0}, ${null}, ${null}, ${null}, ${null})`;
  const endExecution = sql`UPDATE "executions" SET "state" = ${""}, "endedAtMs" = ${0}, "result" = ${null}, "error" = ${null},
    "exitCode" = ${null}, "signal" = ${null}, "outputBytes" = ${0}, "env" = NULL WHERE "id" = ${""} AND "endedAtMs" IS NULL`;
  const withParameters = (query: CompiledQuery) => (parameters: readonly unknown[]) => ({ ...query, parameters });
  const withRow = withParameters(insertExecution.compile());
  return {
    insertExecution: (row: ExecutionRow) => withRow(executionColumns.map((column) => row[column])),
    beginExecution: withParameters(beginExecution.compile(db)),
    endExecution: withParameters(endExecution.compile(db)),
    putAttempt: withParameters(putAttempt.compile(db)),
  };
}
