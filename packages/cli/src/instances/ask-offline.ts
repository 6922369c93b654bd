/** Asks the daemon's program about instances, so that there is one implementation whether a daemon runs or not. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { type ErrorCode, errorCodes, GantryError } from "@gantry/contract/errors";

import { daemonEntry } from "./daemon-entry.ts";

const maxBytes = 64 * 1024 * 1024;

/** Rejects with the error that the program told. */
export async function askOffline<Output>(operation: string, input: object, flags: readonly string[] = []): Promise<Output> {
  try {
    const words = [daemonEntry(), "--offline", operation, "--input", JSON.stringify(input), ...flags];
    const { stdout } = await promisify(execFile)(process.execPath, words, { maxBuffer: maxBytes });
    return JSON.parse(stdout) as Output;
  } catch (error) {
    const { stderr, code } = error as { stderr?: string; code?: number };
    if (stderr === undefined || stderr === "") throw error;
    throw new GantryError(codeOf(code), stderr.replace(/^gantry: /, "").trim());
  }
}

/** Several codes share an exit status; any of them leads to the same one again. */
function codeOf(exitCode: number | undefined): ErrorCode {
  const found = Object.entries(errorCodes).find(([, facts]) => facts.exitCode === exitCode);
  return (found?.[0] as ErrorCode | undefined) ?? "internal";
}
