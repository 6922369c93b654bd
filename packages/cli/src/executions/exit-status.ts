/** The exit status that an execution's outcome means to a shell. */
import { constants } from "node:os";

import type { ExecutionResult } from "@gantry/contract";

const byState: Partial<Record<ExecutionResult["state"], number>> = { timedOut: 124, cancelled: 130, interrupted: 125, expired: 124 };
const failedWithoutCode = 1;

export function exitStatus({
  state,
  success,
  exitCode,
  signal,
}: Pick<ExecutionResult, "state" | "success" | "exitCode" | "signal">): number {
  if (success === true) return 0;
  const byCause = byState[state];
  if (byCause !== undefined) return byCause;
  // As shells tell of a child that a signal ended.
  if (signal !== null) return 128 + (constants.signals[signal as NodeJS.Signals] ?? 0);
  return exitCode === null || exitCode === 0 ? failedWithoutCode : exitCode;
}
