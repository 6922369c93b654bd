/** All SQL of the retention of history: what ended executions weigh, which are the oldest, and their removal. */
import type { ExecutionState } from "@gantry/contract";
import { type CompiledQuery, sql } from "kysely";

import type { Database } from "../../storage/database.ts";
import { createWriteQueue } from "../../storage/write-queue.ts";
import type { Ending, ExecutionRow } from "../store.ts";

/** `failed` stands for everything that has ended without success. */
export type Outcome = "succeeded" | "failed";

export interface KeptExecution {
  id: string;
  outcome: Outcome;
  /** What it takes on disk, its output included; estimated. */
  bytes: number;
  /** It may have a file of output. */
  hasLog: boolean;
}

export interface HistoryStore {
  /** Those with an id above `after`, in the order of ids, that had ended by then; `last` is where to go on, undefined at the end. */
  slice(after: string, endedByMs: number, limit: number): Promise<{ kept: KeptExecution[]; last: string | undefined }>;
  /** Oldest first: ids above `after` that ended before `endedBeforeMs`. */
  oldest(outcome: Outcome, after: string, endedBeforeMs: number, limit: number): Promise<KeptExecution[]>;
  /** With their attempts; all or none. */
  remove(ids: readonly string[]): Promise<void>;
}

/** An output log keeps no more than this of one execution. */
const loggedAtMost = 64 * 1024 * 1024;
/** Of a row, its attempt, and their places in the indexes, without the texts that are counted. */
const rowBytes = 600;

const unsuccessful: readonly ExecutionState[] = ["failed", "timedOut", "cancelled", "interrupted", "expired"];

interface Weighed {
  id: string;
  state: string;
  kind: string;
  outputBytes: number;
  bytes: number;
}

const weighed = sql`"id", "state", "kind", "outputBytes", ${sql.lit(rowBytes)} + min("outputBytes", ${sql.lit(loggedAtMost)}) + octet_length("input")
  + ifnull(octet_length("result"), 0) + 2 * ifnull(octet_length("error"), 0) AS "bytes"`;

export function createHistoryStore(db: Database): HistoryStore {
  const writes = createWriteQueue(db);
  const remove = (table: "executions" | "attempts", column: "id" | "executionId") =>
    sql`DELETE FROM ${sql.table(table)} WHERE ${sql.ref(column)} IN (SELECT value FROM json_each(${""}))`.compile(db);
  const removals = [remove("executions", "id"), remove("attempts", "executionId")];

  const oldestIn = async (state: string, after: string, endedBeforeMs: number, limit: number) => {
    const { rows } = await sql<Weighed>`SELECT ${weighed} FROM "executions" WHERE "state" = ${state} AND "id" > ${after}
      AND "endedAtMs" IS NOT NULL AND "endedAtMs" < ${endedBeforeMs} ${state === "succeeded" ? sql`` : sql`AND "state" <> 'succeeded'`}
      ORDER BY "id" LIMIT ${limit}`.execute(db);
    return rows.map(toKept);
  };

  return {
    async slice(after, endedByMs, limit) {
      const { rows } = await sql<Weighed & { endedAtMs: number | null }>`SELECT ${weighed}, "endedAtMs" FROM "executions"
        WHERE "id" > ${after} ORDER BY "id" LIMIT ${limit}`.execute(db);
      const kept = rows.filter(({ endedAtMs }) => endedAtMs !== null && endedAtMs <= endedByMs).map(toKept);
      return { kept, last: rows.length < limit ? undefined : rows.at(-1)?.id };
    },
    async oldest(outcome, after, endedBeforeMs, limit) {
      if (outcome === "succeeded") return oldestIn("succeeded", after, endedBeforeMs, limit);
      // State by state: each is a stretch of the small index of what has not succeeded.
      const all = await Promise.all(unsuccessful.map((state) => oldestIn(state, after, endedBeforeMs, limit)));
      return all
        .flat()
        .sort((one, other) => (one.id < other.id ? -1 : 1))
        .slice(0, limit);
    },
    remove(ids) {
      const parameters = [JSON.stringify(ids)];
      return writes.write(removals.map((query): CompiledQuery => ({ ...query, parameters })));
    },
  };
}

/** As the database will weigh it. */
export function weigh({ input }: ExecutionRow, { state, result, error, outputBytes }: Ending): Pick<KeptExecution, "outcome" | "bytes"> {
  const texts =
    Buffer.byteLength(input) + Buffer.byteLength(result ?? "") + 2 * (error === null ? 0 : Buffer.byteLength(JSON.stringify(error)));
  return { outcome: outcomeOf(state), bytes: rowBytes + Math.min(outputBytes, loggedAtMost) + texts };
}

function outcomeOf(state: string): Outcome {
  return state === "succeeded" ? "succeeded" : "failed";
}

function toKept({ id, state, kind, outputBytes, bytes }: Weighed): KeptExecution {
  return { id, outcome: outcomeOf(state), bytes, hasLog: kind === "program" || outputBytes > 0 };
}
