/** The SQL of listing executions: what an index finds is read at once, the rest is searched in slices, so that no request holds up the others. */
import type { ExecutionState } from "@gantry/contract";
import { type Selectable, sql } from "kysely";
import { encodeTime } from "ulid";

import type { Database } from "../../storage/database.ts";
import type { ExecutionsTable } from "../../storage/tables.ts";

export interface ListFilter {
  command?: string | undefined;
  states?: readonly ExecutionState[] | undefined;
  sinceMs?: number | undefined;
  untilMs?: number | undefined;
  /** Only what is older than this id. */
  before?: string | undefined;
  owner?: string | undefined;
  tag?: string | undefined;
  /** In the command's name, a tag, the owner, or the error; whatever the case. */
  text?: string | undefined;
  minDurationMs?: number | undefined;
  limit: number;
}

/** Without what is large and no list shows. */
export type ListedRow = Pick<Selectable<ExecutionsTable>, (typeof listed)[number]>;

const listed = [
  "id",
  "command",
  "kind",
  "state",
  "owner",
  "queue",
  "policy",
  "priority",
  "tags",
  "cwd",
  "timeoutMs",
  "attempt",
  "createdAtMs",
  "dueAtMs",
  "expiresAtMs",
  "startedAtMs",
  "endedAtMs",
  "error",
  "exitCode",
  "signal",
  "outputBytes",
  "retryOf",
] as const;

/** So many rows are looked at before others get their turn: a few milliseconds. */
const sliceRows = 4000;

const unfinished: ReadonlySet<ExecutionState> = new Set(["scheduled", "queued", "running"]);

/** Newest first. */
export async function listExecutions(db: Database, filter: ListFilter): Promise<ListedRow[]> {
  const found: ListedRow[] = [];
  for (let before = filter.before; ;) {
    const within = { ...filter, before };
    // Where the slice ends; undefined when it holds all that is left.
    const floor = isSearch(filter) ? await idAfter(db, within, sliceRows) : undefined;
    found.push(...(await select(db, within, floor, filter.limit - found.length)));
    if (floor === undefined || found.length >= filter.limit) return found;
    before = floor;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function isSearch(filter: ListFilter): boolean {
  const { states, owner, tag, text, minDurationMs } = filter;
  return (
    (states !== undefined && indexOf(filter) === undefined) || [owner, tag, text, minDurationMs].some((wanted) => wanted !== undefined)
  );
}

/** Which index knows these states: the one of what has not ended, or that of what has not succeeded. */
function indexOf({ command, states = [] }: ListFilter): "unfinished" | "notSucceeded" | undefined {
  if (states.length === 0 || command !== undefined) return undefined;
  if (states.every((state) => unfinished.has(state))) return "unfinished";
  return states.some((state) => state === "succeeded" || unfinished.has(state)) ? undefined : "notSucceeded";
}

/** By what an index knows. */
function indexed(db: Database, filter: ListFilter) {
  const { command, states = [], sinceMs, untilMs, before } = filter;
  let query = db.selectFrom("executions").orderBy("id", "desc");
  if (command !== undefined) query = query.where("command", "=", command);
  // Says to the planner what the states imply, so that it finds the few rows among a million.
  const index = indexOf(filter);
  if (index !== undefined) query = query.where("state", "in", [...states]);
  if (index === "unfinished") query = query.where("endedAtMs", "is", null);
  if (index === "notSucceeded") query = query.where("endedAtMs", "is not", null).where("state", "<>", "succeeded");
  // Ids sort by creation time, so a span of time is a span of the primary key.
  if (sinceMs !== undefined) query = query.where("id", ">=", firstIdAt(sinceMs));
  if (untilMs !== undefined) query = query.where("id", "<", firstIdAt(untilMs));
  if (before !== undefined) query = query.where("id", "<", before);
  return query;
}

async function idAfter(db: Database, filter: ListFilter, rows: number): Promise<string | undefined> {
  const [row] = await indexed(db, filter).select("id").offset(rows).limit(1).execute();
  return row?.id;
}

function select(db: Database, filter: ListFilter, floor: string | undefined, limit: number): Promise<ListedRow[]> {
  const { states, owner, tag, text, minDurationMs } = filter;
  let query = indexed(db, filter).select(listed).limit(limit);
  if (floor !== undefined) query = query.where("id", ">=", floor);
  if (states !== undefined && indexOf(filter) === undefined) query = query.where("state", "in", [...states]);
  if (owner !== undefined) query = query.where("owner", "=", owner);
  if (tag !== undefined) query = query.where(sql<boolean>`EXISTS (SELECT 1 FROM json_each("tags") WHERE value = ${tag})`);
  if (text !== undefined)
    query = query.where(
      sql<boolean>`instr(lower("command" || ' ' || "owner" || ' ' || "tags" || ' ' || ifnull("error", '')), ${text.toLowerCase()}) > 0`,
    );
  if (minDurationMs !== undefined) query = query.where(sql<boolean>`"endedAtMs" - "startedAtMs" >= ${minDurationMs}`);
  return query.execute();
}

function firstIdAt(timeMs: number): string {
  return `exe_${encodeTime(Math.max(0, timeMs), 10)}`;
}
