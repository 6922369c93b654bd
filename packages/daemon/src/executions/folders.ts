/** Checks that the folder of an execution is there before it is accepted: a misspelt one is better told to whoever asks than found in the history. */
import { stat } from "node:fs/promises";

import { GantryError } from "@gantry/contract";

import type { Clock } from "../core/clock.ts";

/** Whoever runs much runs it in few folders, and asking the disk costs as much as all the rest of the check. */
const knownForMs = 1000;
const maxKnown = 100;

/** Rejects with invalidArgument. One that goes away afterwards is told when the execution begins. */
export function createFolderCheck(clock: Pick<Clock, "monotonic">): (cwd: string) => Promise<void> {
  const seenAtMs = new Map<string, number>();
  return async (cwd) => {
    const nowMs = clock.monotonic();
    if (nowMs - (seenAtMs.get(cwd) ?? -Infinity) < knownForMs) return;
    const facts = await stat(cwd).catch((error: { code?: string }) => error.code ?? "unknown");
    if (typeof facts !== "string" && facts.isDirectory()) {
      if (seenAtMs.size >= maxKnown) seenAtMs.clear();
      seenAtMs.set(cwd, nowMs);
      return;
    }
    const why = typeof facts !== "string" ? "is not a folder" : facts === "ENOENT" ? "does not exist" : `cannot be looked at (${facts})`;
    const message = `the folder ${cwd} ${why}`;
    throw new GantryError("invalidArgument", `cwd: ${message}. Nothing was run.`, { details: { issues: [{ field: "cwd", message }] } });
  };
}
