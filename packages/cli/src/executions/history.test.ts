import type { ExecutionSummary } from "@gantry/contract";
import { parse } from "csv-parse/sync";
import { expect, test, vi } from "vitest";

import { csvHead, csvLines } from "./history-csv.ts";
import { pagesOf, printPagesAsCsv, printPagesAsJson } from "./history-pages.ts";
import { historySummary, sparkline } from "./history-summary.ts";

const item = (more: Partial<ExecutionSummary>): ExecutionSummary => ({
  executionId: "exe_1",
  state: "succeeded",
  success: true,
  error: null,
  exitCode: 0,
  signal: null,
  durationMs: 5,
  queuedMs: 1,
  cached: false,
  attempt: 1,
  command: "greet",
  kind: "function",
  queue: "default",
  retries: 0,
  retryOf: null,
  dueAt: null,
  expiresAt: null,
  priority: 0,
  tags: [],
  cwd: "/",
  owner: "local",
  timeoutMs: 1,
  createdAt: "2026-01-01T00:00:00.000Z",
  startedAt: "2026-01-01T00:00:00.000Z",
  endedAt: "2026-01-01T00:00:00.005Z",
  outputBytes: 0,
  ...more,
});

test("CSV keeps quotes, commas, and line breaks, and lets no spreadsheet run a message", () => {
  const messages = ['said "no", twice\r\nand left', "=cmd|' /C calc'!A0", "-1 is not allowed"];
  const text = csvHead + csvLines(messages.map((message) => item({ error: { name: "Error", message }, exitCode: -1, tags: ["a", "b"] })));
  const rows = parse(text, { columns: true }) as Record<string, string>[];
  expect(rows.map(({ error }) => error)).toEqual([messages[0], `'${messages[1]}`, `'${messages[2]}`]);
  expect(rows[0]).toMatchObject({ executionId: "exe_1", exitCode: "-1", tags: "a b", signal: "" });
});

test("the summary counts outcomes and draws durations, oldest first; what runs is left out", () => {
  const items = [
    item({ state: "running", endedAt: null, durationMs: null }),
    item({ durationMs: 800 }),
    item({ state: "failed", durationMs: 400 }),
    item({ durationMs: 100 }),
  ];
  expect(historySummary(items)).toMatch(/^2 succeeded, 1 failed · ▂▅█ /);
  expect(historySummary([items[0] as ExecutionSummary])).toBeUndefined();
  expect(historySummary([item({ state: "cancelled", durationMs: null })])).toBe("1 cancelled");
  expect(sparkline([0, 0])).toBe("▁▁");
});

test("the summary of one and of very many", () => {
  expect(historySummary([item({ durationMs: 1500 })])).toBe("1 succeeded · █ 1.5 s");
  expect(historySummary([item({ durationMs: 0 }), item({ durationMs: 0 })])).toBe("2 succeeded · ▁▁ 0 ms");
  const many = Array.from({ length: 200_000 }, (_, index) => item({ durationMs: index < 60 ? 10 + index : 9999 }));
  const text = historySummary(many) as string;
  expect(text).toMatch(/^200000 succeeded · the last 60 [▁▂▃▄▅▆▇█]{60} 10 ms to 69 ms$/);
});

/** Pages of a list of so many, as the daemon gives them. */
function listOf(count: number) {
  const asked: number[] = [];
  const list = async ({ limit, cursor }: { limit: number; cursor: string | undefined }) => {
    asked.push(limit);
    const from = Number(cursor ?? 0);
    const items = Array.from({ length: Math.min(limit, count - from) }, (_, index) => item({ executionId: `exe_${from + index}` }));
    return from + items.length < count ? { items, nextCursor: String(from + items.length) } : { items };
  };
  return { list, asked };
}

test.each([
  [0, 20, [20], 0, undefined],
  [5, 20, [20], 5, undefined],
  [25, 20, [20], 20, "20"],
  [2500, Infinity, [1000, 1000, 1000], 2500, undefined],
  [2500, 1200, [1000, 200], 1200, "1200"],
])("of %i executions, %f are read in pages and printed as one document", async (count, limit, pages, shown, more) => {
  let printed = "";
  const write = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  try {
    const { list, asked } = listOf(count);
    expect(await printPagesAsJson(pagesOf(list, limit, undefined))).toBe(more);
    expect(asked).toEqual(pages);
    const document = JSON.parse(printed) as { items: ExecutionSummary[]; nextCursor?: string; schemaVersion: number };
    expect(document).toMatchObject({ schemaVersion: 1 });
    expect(document.nextCursor).toBe(more);
    expect(document.items.map(({ executionId }) => executionId)).toEqual(Array.from({ length: shown }, (_, index) => `exe_${index}`));
    expect(printed).toBe(`${JSON.stringify(document, null, 2)}\n`);
    printed = "";
    expect(await printPagesAsCsv(pagesOf(listOf(count).list, limit, undefined))).toBe(more);
    expect(parse(printed, { columns: true }).length).toBe(shown);
  } finally {
    write.mockRestore();
  }
});
