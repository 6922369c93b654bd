/** What the keys of a configuration must be to each other, beyond what its schema can tell. */
import { type Configuration, defaultQueue, GantryError } from "@gantry/contract";

import { checkProviderSettings } from "./providers/managed/check-settings.ts";
import { parseTiming } from "./schedules/timing.ts";
import { resolveProfiles } from "./sessions/profiles/resolve.ts";

/** Where a key was set: a file with its line, a variable, or a flag. */
export type PlaceOf = (path: readonly string[]) => string;

/** Throws configurationInvalid for the first that is wrong. */
export function checkTogether(config: Configuration, placeOf: PlaceOf): void {
  for (const check of [checkQueueNames, checkSchedules, checkProfiles, checkProviders]) check(config, placeOf);
}

function invalid(place: string, what: string, key: string, cause?: unknown): GantryError {
  return new GantryError("configurationInvalid", `${place}: ${what}`, { cause, details: { key } });
}

/** A queue that is only named would have no limits: most likely it is misspelt. */
function checkQueueNames(config: Configuration, placeOf: PlaceOf): void {
  const known = [defaultQueue, ...Object.keys(config.queue)];
  for (const table of ["command", "schedule"] as const) {
    for (const [name, { queue }] of Object.entries(config[table])) {
      if (queue === undefined || known.includes(queue)) continue;
      const key = `${table}.${name}.queue`;
      throw new GantryError(
        "configurationInvalid",
        `${placeOf([table, name, "queue"])}: ${key} is ${JSON.stringify(queue)}: there is no such queue. Add [queue.${queue}], or use one of: ${known.join(", ")}.`,
        { details: { key, known } },
      );
    }
  }
}

/** What only cron's own reader can tell. */
function checkSchedules({ schedule }: Configuration, placeOf: PlaceOf): void {
  for (const [name, table] of Object.entries(schedule)) {
    const key = `schedule.${name}`;
    try {
      parseTiming(table, Date.now());
      if (table.input !== undefined && table.argv !== undefined) throw new Error("either input or argv, but both were given");
    } catch (cause) {
      const reason = (cause as Error).message.replace(" Nothing was changed.", "").replace(/\.$/, "");
      throw invalid(placeOf(["schedule", name]), `[${key}] ${reason}.`, key, cause);
    }
  }
}

/** What only the profiles themselves can tell: bases that are there, patterns that can be read. */
function checkProfiles({ profile }: Configuration, placeOf: PlaceOf): void {
  try {
    resolveProfiles(profile, "/bin/sh");
  } catch (cause) {
    if (!(cause instanceof GantryError)) throw cause;
    const key = String(cause.details?.key);
    throw invalid(placeOf(["profile", key.replace("profile.", "")]), cause.message, key, cause);
  }
}

function checkProviders({ provider }: Configuration, placeOf: PlaceOf): void {
  for (const [name, table] of Object.entries(provider)) {
    const key = `provider.${name}`;
    try {
      checkProviderSettings(table);
    } catch (cause) {
      throw invalid(placeOf(["provider", name]), `[${key}] ${(cause as Error).message}.`, key, cause);
    }
  }
}
