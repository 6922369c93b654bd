import type { ExecutionSummary } from "@gantry/contract";
import { parse } from "csv-parse/sync";
import { expect, test } from "vitest";

import { historyCsv } from "./history-csv.ts";
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
  const text = historyCsv(messages.map((message) => item({ error: { name: "Error", message }, exitCode: -1, tags: ["a", "b"] })));
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
