/** Reading the configuration anew while the instance runs: which keys that puts into force, and what is told of it. */
import { z } from "zod";

/** The beginnings of the keys that a reload puts into force. Every other key needs a restart, such as the port. */
export const reloadableKeys = [
  "daemon.routing",
  "daemon.drainTimeoutMs",
  "daemon.logLevel",
  "daemon.logMaxBytes",
  "daemon.autoStart",
  "daemon.idleExitMs",
  "commands",
  "queue",
  "command",
  "schedule",
  "sessions",
  "provider",
  "mcp",
  "profile",
] as const;

export function isReloadable(key: string): boolean {
  return reloadableKeys.some((start) => key === start || key.startsWith(`${start}.`));
}

export const ConfigurationChange = z.object({
  /** Dotted, such as `queue.builds.maxConcurrent`; a named table that is new or gone is one change. */
  key: z.string(),
  change: z.enum(["added", "changed", "removed"]),
  /** Both without secrets; absent when there was or is nothing. */
  before: z.unknown().optional(),
  after: z.unknown().optional(),
  /** `restart`: what was in force stays so until the instance is started again. */
  effect: z.enum(["applied", "restart"]),
});
export type ConfigurationChange = z.infer<typeof ConfigurationChange>;

/** Something that cannot work as it is written, or that the change has moved. Everything else works on. */
export const ConfigurationProblem = z.object({ source: z.string(), message: z.string() });
export type ConfigurationProblem = z.infer<typeof ConfigurationProblem>;

export const Reload = z.object({
  /** The project's file, when there is one; the user's own file is read too. */
  configFile: z.string().optional(),
  dryRun: z.boolean(),
  changes: z.array(ConfigurationChange),
  problems: z.array(ConfigurationProblem),
});
export type Reload = z.infer<typeof Reload>;

/** How the files on disk stand to what is in force. */
export const ConfigurationState = z.object({
  /** When what is in force was read. */
  loadedAt: z.iso.datetime({ precision: 3 }),
  /** `invalid`: the files cannot be read or are wrong; what is in force stays. */
  state: z.enum(["inForce", "changed", "invalid"]),
  /** What is wrong. */
  detail: z.string().optional(),
  /** Keys that differ and that a reload puts into force. */
  reloadable: z.array(z.string()),
  /** Keys that differ and need a restart. */
  needRestart: z.array(z.string()),
});
export type ConfigurationState = z.infer<typeof ConfigurationState>;
