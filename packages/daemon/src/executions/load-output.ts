/** Brings the kept end of an ended execution's output from its log file into memory, for those that nobody watched while they ran. */
import { outputLimitBytes } from "@gantry/contract";

import { readOutputLog } from "../core/output-log.ts";
import type { LiveExecution } from "./live-execution.ts";

export async function loadOutput({ row, logFile, output }: LiveExecution): Promise<void> {
  const since = Math.max(0, row.outputBytes - outputLimitBytes);
  for await (const { stream, offset, timeMs, data } of readOutputLog(logFile, { since })) {
    if (stream !== 3) output.push({ stream, offset, timeMs, data });
  }
}

/** All bytes that are in the log, or would be if it had room for all. */
export async function endOfOutput(logFile: string): Promise<number> {
  let end = 0;
  for await (const { offset, data } of readOutputLog(logFile)) end = offset + data.length;
  return end;
}
