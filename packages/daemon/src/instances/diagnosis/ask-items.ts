/** Asks an instance that runs for one of its lists. */
import { ask } from "../ask.ts";
import type { Sibling } from "../siblings.ts";

const answerTimeoutMs = 2000;

/** Empty when it does not answer: that is a finding of another check. */
export async function askItems<Output extends { items: unknown[] }>(
  { paths }: Pick<Sibling, "paths">,
  operation: string,
  input: object = {},
  timeoutMs = answerTimeoutMs,
): Promise<Output["items"]> {
  return ask<Output>(paths.controlSocket, operation, input, timeoutMs).then(
    ({ items }) => items,
    () => [],
  );
}
