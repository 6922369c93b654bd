/** The exit status that an execution's outcome means to a shell. */
import type { ExecutionResult } from "@gantry/contract";

const byState: Partial<Record<ExecutionResult["state"], number>> = { timedOut: 124, cancelled: 130, interrupted: 125, expired: 124 };
/** As shells tell of a child that a signal ended: 128 and the signal's number; see signal(7). */
const signalNumbers: Record<string, number> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGSEGV: 11,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
};
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
  if (signal !== null) return 128 + (signalNumbers[signal] ?? 0);
  return exitCode === null || exitCode === 0 ? failedWithoutCode : exitCode;
}
