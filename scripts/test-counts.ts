/** A Vitest reporter that writes what ran, what did not, and why, file by file, for the last lines of `npm test`. */
import { writeFileSync } from "node:fs";

import type { Reporter, TestModule } from "vitest/node";

export interface FileCounts {
  passed: number;
  failed: number;
  skipped: number;
  /** How many tests each reason kept from running. */
  notRun: Record<string, number>;
  /** The name and the first lines of the error of each test that failed. */
  failures: string[];
}

/** By the file's absolute path; an error outside of all files is under "". */
export type TestCounts = Record<string, FileCounts>;

export const countsFileVariable = "GANTRY_TEST_COUNTS_FILE";

export const noCounts = (): FileCounts => ({ passed: 0, failed: 0, skipped: 0, notRun: {}, failures: [] });

/** A file or an error outside of tests counts as one failure, so that nothing that went wrong can end as a green line. */
export function countTests(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): TestCounts {
  const counts: TestCounts = {};
  for (const module of modules) counts[module.moduleId] = countFile(module);
  if (unhandledErrors.length > 0)
    counts[""] = {
      ...noCounts(),
      failed: unhandledErrors.length,
      failures: unhandledErrors.map((error) => `outside of all tests: ${firstLines(error)}`),
    };
  return counts;
}

function countFile(module: TestModule): FileCounts {
  const counts = noCounts();
  for (const test of module.children.allTests()) {
    const result = test.result();
    if (result.state === "passed") counts.passed += 1;
    else if (result.state === "failed") {
      counts.failed += 1;
      counts.failures.push(`${test.fullName}: ${result.errors.map(firstLines).join("; ")}`);
    } else {
      counts.skipped += 1;
      const reason = (result.state === "skipped" ? result.note : undefined) ?? "skipped without a reason";
      counts.notRun[reason] = (counts.notRun[reason] ?? 0) + 1;
    }
  }
  if (module.state() === "failed" && counts.failed === 0) {
    counts.failed = 1;
    counts.failures.push(module.errors().map(firstLines).join("; "));
  }
  return counts;
}

function firstLines(error: unknown): string {
  const { message, stack } = error as { message?: string; stack?: string };
  const at = /\n\s*(?:at )?[^\n]*?([\w.-]+\.test\.ts:\d+)/.exec(stack ?? "")?.[1];
  const text = (message ?? String(error)).split("\n").slice(0, 6).join("\n    ");
  return at === undefined ? text : `${text} (${at})`;
}

export default class TestCountsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const file = process.env[countsFileVariable];
    if (file !== undefined) writeFileSync(file, JSON.stringify(countTests(modules, errors)));
  }
}
