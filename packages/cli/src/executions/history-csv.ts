/** Executions as CSV (RFC 4180), one line each, for spreadsheets. */
import type { ExecutionSummary } from "@gantry/contract";

const columns: readonly (readonly [string, (item: ExecutionSummary) => string | number | null | undefined])[] = [
  ["executionId", ({ executionId }) => executionId],
  ["command", ({ command }) => command],
  ["state", ({ state }) => state],
  ["exitCode", ({ exitCode }) => exitCode],
  ["signal", ({ signal }) => signal],
  ["createdAt", ({ createdAt }) => createdAt],
  ["startedAt", ({ startedAt }) => startedAt],
  ["endedAt", ({ endedAt }) => endedAt],
  ["durationMs", ({ durationMs }) => durationMs],
  ["queuedMs", ({ queuedMs }) => queuedMs],
  ["attempt", ({ attempt }) => attempt],
  ["owner", ({ owner }) => owner],
  ["tags", ({ tags }) => tags.join(" ")],
  ["error", ({ error }) => error?.message],
];

export const csvHead = `${columns.map(([name]) => name).join(",")}\r\n`;

export function csvLines(items: readonly ExecutionSummary[]): string {
  return items.map((item) => `${columns.map(([, value]) => field(value(item))).join(",")}\r\n`).join("");
}

function field(value: string | number | null | undefined): string {
  const text = String(value ?? "");
  // Spreadsheets run what begins like a formula, and a message is whatever a command said; the apostrophe makes them show it as text.
  const safe = typeof value === "string" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
