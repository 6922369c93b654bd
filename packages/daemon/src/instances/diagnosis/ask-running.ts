/** Asks an instance that runs what it has. */
import { ask } from "../ask.ts";
import type { Sibling } from "../siblings.ts";

const answerTimeoutMs = 2000;

/** Undefined when it does not answer: that is a finding of another check. */
export async function askRunning<Output>(
  { paths }: Pick<Sibling, "paths">,
  operation: string,
  input: object = {},
  timeoutMs = answerTimeoutMs,
): Promise<Output | undefined> {
  return ask<Output>(paths.controlSocket, operation, input, timeoutMs).catch(() => undefined);
}
