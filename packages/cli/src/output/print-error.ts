/** Tells the user what went wrong, on standard error. */
import { errorCodes, GantryError } from "@gantry/contract/errors";

import { plain } from "./plain.ts";

export function printError(error: unknown): void {
  if (!(error instanceof GantryError)) {
    process.stderr.write(
      `gantry: ${(error as Error).stack ?? String(error)}\nThis is a defect of gantry. The daemon and what it runs were not touched.\n`,
    );
    return;
  }
  process.stderr.write(`gantry: ${plain(error.message)}\n`);
  const { usage, suggestions } = (error.details ?? {}) as { usage?: unknown; suggestions?: unknown };
  if (Array.isArray(suggestions) && suggestions.length > 0 && !/did you mean/i.test(error.message))
    process.stderr.write(`Did you mean ${suggestions.map((name) => plain(String(name))).join(" or ")}?\n`);
  if (typeof usage === "string") process.stderr.write(`\n${plain(usage)}\n`);
}

export function exitCodeOf(error: unknown): number {
  return error instanceof GantryError ? error.exitCode : errorCodes.internal.exitCode;
}
