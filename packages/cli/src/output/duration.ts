/** Reads durations as people type them. */
import { GantryError } from "@gantry/contract/errors";

const unitsMs: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `1500ms`, `30s`, `5m`, `2h`, `1d`; a bare number is seconds. */
export function parseDuration(text: string, option: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text);
  if (match === null)
    throw new GantryError("invalidArgument", `${option} ${JSON.stringify(text)} is no duration; write 1500ms, 30s, 5m, 2h, or 1d.`);
  return Math.round(Number(match[1]) * (unitsMs[match[2] ?? "s"] as number));
}
