/** Does one thing for several names: each that can be done is done, each that cannot is named, and the exit code tells. */
import { GantryError } from "@gantry/contract/errors";

import { exitCodeOf, printError } from "./output/print-error.ts";
import type { VerbContext } from "./verb.ts";

export interface EachOutcome<Result> {
  items: Result[];
  failures: { name: string; code: string; message: string }[];
}

/**
 * The exit code is that of the first failure. What is no failure of one name, such as a daemon that has gone, ends all of it.
 * `atOnce`: each takes its time, such as a program that is to end.
 */
export async function forEach<Result>(
  names: readonly string[],
  act: (name: string) => Promise<Result>,
  context: Pick<VerbContext, "exitWith">,
  { atOnce = false } = {},
): Promise<EachOutcome<Result>> {
  const outcome: EachOutcome<Result> = { items: [], failures: [] };
  const all = [...new Set(names)].map((name) => ({ name, result: atOnce ? act(name) : undefined }));
  for (const { result } of all) result?.catch(() => undefined);
  for (const { name, result } of all) {
    try {
      outcome.items.push(await (result ?? act(name)));
    } catch (error) {
      if (!(error instanceof GantryError) || error.code === "unavailable" || error.code === "aborted") throw error;
      if (outcome.failures.length === 0) context.exitWith(exitCodeOf(error));
      outcome.failures.push({ name, code: error.code, message: error.message });
      printError(error);
    }
  }
  return outcome;
}
