/** What a long history costs: storing an execution and listing the newest page, at 1,000,000 executions against 1,000, with the daemon's own store. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createLogger } from "@gantry/daemon/src/core/logger.ts";
import { createHistoryStore } from "@gantry/daemon/src/executions/history/store.ts";
import type { ListFilter } from "@gantry/daemon/src/executions/listing/store.ts";
import { createExecutionStore, type ExecutionRow, type ExecutionStore } from "@gantry/daemon/src/executions/store.ts";
import { openDatabase } from "@gantry/daemon/src/storage/database.ts";
import { newId } from "@gantry/daemon/src/core/ids.ts";
import { defineBenchmark, rate, timeMs } from "./harness.ts";

const sizes = { small: 1000, large: 1_000_000 };
const storedPerRound = 3000;
const atOnce = 16;
const pagesPerRound = 200;
const filledAtOnce = 5000;

const commands = Array.from({ length: 20 }, (_, index) => `command-${index}`);

/** A year's mixture: one in ten fails, one in twenty has a tag. */
function newRow(index: number, createdAtMs: number): ExecutionRow {
  return {
    id: newId("exe"),
    command: commands[index % commands.length] as string,
    kind: "function",
    state: "running",
    owner: index % 3 === 0 ? "local" : "key_01J0000000000000000000000",
    priority: 0,
    tags: index % 20 === 0 ? '["nightly"]' : "[]",
    input: JSON.stringify({ name: `input ${index}`, verbose: true, targets: ["a", "b", "c"] }),
    sealedInput: null,
    inputDigest: null,
    cwd: "/home/somebody/project",
    env: null,
    timeoutMs: 300_000,
    attempt: 1,
    createdAtMs,
    startedAtMs: createdAtMs + 1,
    endedAtMs: null,
    result: null,
    error: null,
    exitCode: null,
    signal: null,
    outputBytes: 0,
    worker: '{"pid":1234,"startTime":"5678","bootId":"9abc"}',
    idempotencyKey: null,
    queue: "default",
    policy: null,
    dueAtMs: null,
    expiresAtMs: null,
    retryOf: null,
    leftovers: null,
  };
}

async function storeOne(store: ExecutionStore, index: number): Promise<string> {
  const row = newRow(index, Date.now());
  await store.insert(row);
  const failed = index % 10 === 0;
  await store.end(row, {
    state: failed ? "failed" : "succeeded",
    endedAtMs: row.createdAtMs + 20,
    attemptStartedAtMs: row.createdAtMs + 1,
    result: failed ? null : JSON.stringify({ files: index, message: "all of it went well" }),
    error: failed ? { name: "Error", message: `could not do ${index}` } : null,
    exitCode: failed ? 1 : 0,
    signal: null,
    outputBytes: 100,
  });
  return row.id;
}

async function openHistory(folder: string, size: keyof typeof sizes) {
  const { db } = await openDatabase(join(folder, `${size}.db`), createLogger({ level: "fatal" }));
  const store = createExecutionStore(db);
  const history = createHistoryStore(db);
  let middle = "";
  for (let from = 0; from < sizes[size]; from += filledAtOnce) {
    const count = Math.min(filledAtOnce, sizes[size] - from);
    const ids = await Promise.all(Array.from({ length: count }, (_, index) => storeOne(store, from + index)));
    if (from <= sizes[size] / 2) middle = ids[Math.min(count, sizes[size]) / 2] as string;
  }
  const list = async (filter: Partial<ListFilter>) =>
    (await timeMs(async () => {
      for (let page = 0; page < pagesPerRound; page += 1) await store.list({ limit: 51, ...filter });
    })) / pagesPerRound;
  return {
    close: () => db.destroy(),
    contenders: {
      [`${size} store`]: async () => {
        const ids: string[] = [];
        const perSecond = await rate(storedPerRound, atOnce, async (index) => void ids.push(await storeOne(store, index)));
        // So that each round finds the size that it is about.
        for (let from = 0; from < ids.length; from += 500) await history.remove(ids.slice(from, from + 500));
        return 1000 / perSecond;
      },
      [`${size} newest`]: () => list({}),
      [`${size} of a command`]: () => list({ command: "command-7" }),
      [`${size} failed`]: () => list({ states: ["failed", "timedOut", "interrupted", "expired"] }),
      [`${size} failed of a command`]: () => list({ states: ["failed"], command: "command-10" }),
      [`${size} tagged`]: () => list({ tag: "nightly" }),
      [`${size} with text`]: () => list({ text: "COULD not" }),
      [`${size} of its middle`]: () => list({ before: middle }),
    },
  };
}

const ratio = (what: string) => (figures: Readonly<Record<string, number>>) =>
  (figures[`large ${what}`] as number) / (figures[`small ${what}`] as number);

export default defineBenchmark({
  name: "history-million",
  summary:
    "an execution stored from beginning to end, 16 at once, and pages of 50, at 1,000,000 executions against 1,000 (milliseconds each)",
  unit: "ms",
  async prepare() {
    const folder = await mkdtemp(join(tmpdir(), "gantry-history-"));
    const small = await openHistory(folder, "small");
    const large = await openHistory(folder, "large");
    return {
      contenders: { ...small.contenders, ...large.contenders },
      async close() {
        await small.close();
        await large.close();
        await rm(folder, { recursive: true });
      },
    };
  },
  targets: [
    { what: "store an execution", value: ratio("store"), atMost: 1.2, unit: "×" },
    { what: "newest page", value: ratio("newest"), atMost: 2, unit: "×" },
    { what: "newest page of a command", value: ratio("of a command"), atMost: 2, unit: "×" },
    { what: "newest page of failures", value: ratio("failed"), atMost: 2, unit: "×" },
    { what: "newest page of failures of a command", value: ratio("failed of a command"), atMost: 2, unit: "×" },
    { what: "newest page with a tag that one in twenty has", value: ratio("tagged"), atMost: 2, unit: "×" },
    { what: "newest page with a text that one in ten has", value: ratio("with text"), atMost: 2, unit: "×" },
    { what: "page from the middle", value: ratio("of its middle"), atMost: 2, unit: "×" },
  ],
});
