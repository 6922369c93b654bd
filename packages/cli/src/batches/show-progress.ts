/** One display for a batch under way: a bar on a terminal, a line for each item elsewhere. On standard error: the summary is the data. */
import type { BatchCounts, BatchItem } from "@gantry/contract";
import pc from "picocolors";

import { plain } from "../output/plain.ts";

export interface ProgressDisplay {
  counts(counts: BatchCounts): void;
  item(item: BatchItem, ended: number): void;
  end(): void;
}

const clearLine = "\r\u001b[2K";
const barWidth = 30;

export function createProgressDisplay(): ProgressDisplay {
  const isTerminal = process.stderr.isTTY;
  let latest: BatchCounts | undefined;
  let shown = false;

  const draw = () => {
    if (!isTerminal || latest === undefined) return;
    const width = Math.min(barWidth, Math.max(5, (process.stderr.columns ?? 80) - 50));
    process.stderr.write(`${clearLine}${barOf(latest, width)}`);
    shown = true;
  };
  const clear = () => {
    if (shown) process.stderr.write(clearLine);
    shown = false;
  };

  return {
    counts(counts) {
      latest = counts;
      draw();
    },
    item(item, ended) {
      const bad = item.state !== "succeeded";
      // On a terminal the bar tells of success; a failure is worth a line that stays.
      if (isTerminal && !bad) return;
      clear();
      const total = latest === undefined ? "" : `${ended}/${latest.total} `;
      process.stderr.write(`${total}${describeItem(item)}\n`);
      draw();
    },
    end: clear,
  };
}

/** `[████░░░░] 12/40  3 running  1 failed`. */
export function barOf({ total, waiting, running, failed, skipped, cancelled }: BatchCounts, width: number): string {
  const ended = total - waiting - running;
  const filled = Math.round((ended / total) * width);
  const parts = [
    `[${"█".repeat(filled)}${"░".repeat(width - filled)}] ${ended}/${total}`,
    running > 0 ? pc.cyan(`${running} running`) : "",
    failed > 0 ? pc.red(`${failed} failed`) : "",
    skipped > 0 ? pc.yellow(`${skipped} skipped`) : "",
    cancelled > 0 ? pc.yellow(`${cancelled} cancelled`) : "",
  ];
  return parts.filter(Boolean).join("  ");
}

export function describeItem({ id, command, state, executionId, error }: BatchItem): string {
  const paint = state === "succeeded" ? pc.green : state === "skipped" || state === "cancelled" ? pc.yellow : pc.red;
  const why = error === null || state === "succeeded" ? "" : `  ${plain(error.message).split("\n")[0]}`;
  return `${paint(state)}  ${plain(id)}  ${plain(command)}${executionId === null ? "" : `  ${executionId}`}${why}`;
}
