/** A Vitest reporter that writes what ran, what did not, and why, for the last lines of `npm test`. */
import { writeFileSync } from "node:fs";

import type { Reporter, TestModule } from "vitest/node";

export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
  /** How many tests each reason kept from running. */
  notRun: Record<string, number>;
}

export const countsFileVariable = "GANTRY_TEST_COUNTS_FILE";

/** A file or an error outside of tests counts as one failure, so that nothing that went wrong can end as a green line. */
export function countTests(modules: readonly TestModule[], unhandledErrors: number): TestCounts {
  const counts: TestCounts = { passed: 0, failed: unhandledErrors, skipped: 0, notRun: {} };
  for (const module of modules) {
    let failedTests = 0;
    for (const test of module.children.allTests()) {
      const result = test.result();
      if (result.state === "passed") counts.passed += 1;
      else if (result.state === "failed") failedTests += 1;
      else {
        counts.skipped += 1;
        const reason = (result.state === "skipped" ? result.note : undefined) ?? "skipped without a reason";
        counts.notRun[reason] = (counts.notRun[reason] ?? 0) + 1;
      }
    }
    counts.failed += module.state() === "failed" && failedTests === 0 ? 1 : failedTests;
  }
  return counts;
}

export default class TestCountsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const file = process.env[countsFileVariable];
    if (file !== undefined) writeFileSync(file, JSON.stringify(countTests(modules, errors.length)));
  }
}
