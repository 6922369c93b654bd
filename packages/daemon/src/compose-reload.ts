/** Part of the composition root: reads the configuration anew, says what has changed, and tells the rooms to take it up. */
import { type ConfigurationProblem, type ConfigurationState, GantryError, type InstanceRecord, type Reload } from "@gantry/contract";

import type { LoadedConfig } from "./config.ts";
import { changesBetween, configHash, putInForce } from "./config-changes.ts";
import { type Clock, toTimestamp } from "./core/clock.ts";
import type { Logger } from "./core/logger.ts";

/** Makes a room follow the configuration that is now in force; must do no harm when nothing has changed. Tells what cannot work. */
export type TakeUp = () => Promise<ConfigurationProblem[] | void> | ConfigurationProblem[] | void;

export interface ReloadOptions {
  /** In force. Changed in place. */
  loaded: LoadedConfig;
  /** Reads the same files, environment, and flags again. Throws configurationInvalid. */
  read(): LoadedConfig;
  /** By the name of what takes it up, in this order. */
  takeUp: Record<string, TakeUp>;
  /** Whoever looks at the record must see what is in force. */
  note(hash: string, pending: InstanceRecord["pending"]): Promise<void>;
  publish(applied: string[], needRestart: string[]): void;
  clock: Clock;
  logger: Logger;
}

export interface Reloading {
  /** One at a time. Throws configurationInvalid and changes nothing, or unavailable when a room could not follow. */
  reload(dryRun: boolean): Promise<Reload>;
  /** How the files stand to what is in force. */
  state(): ConfigurationState;
}

/** Whoever watches an instance asks often, and reading files costs more than all the rest of the answer. */
const lookEveryMs = 1000;

export function createReloading(options: ReloadOptions): Reloading {
  const { loaded, read, takeUp, note, publish, clock, logger } = options;
  let turn: Promise<unknown> = Promise.resolve();
  let loadedAt = toTimestamp(clock.now());
  let unfinished = false;
  let looked: { atMs: number; state: ConfigurationState } | undefined;

  const readNext = (): LoadedConfig => {
    let next: LoadedConfig;
    try {
      next = read();
    } catch (error) {
      if (!(error instanceof GantryError)) throw error;
      const { code, details = {}, message } = error;
      throw new GantryError(code, `${message} The configuration in force was kept.`, { cause: error, details });
    }
    if (next.baseDirectory === loaded.baseDirectory) return next;
    throw new GantryError(
      "conflict",
      `The configuration would now come from ${next.configFile ?? next.baseDirectory}, and everything in it would be relative to another folder than ${loaded.baseDirectory}. Nothing was changed; restart the instance to use it: gantry restart`,
    );
  };

  const takeUpAll = async (): Promise<ConfigurationProblem[]> => {
    const problems: ConfigurationProblem[] = [];
    const failures: string[] = [];
    unfinished = true;
    for (const [part, take] of Object.entries(takeUp)) {
      try {
        problems.push(...((await take()) ?? []));
      } catch (error) {
        logger.error({ err: error, part }, "a part of the instance could not follow the new configuration");
        failures.push(`${part}: ${(error as Error).message}`);
      }
    }
    unfinished = failures.length > 0;
    if (!unfinished) return problems;
    throw new GantryError(
      "unavailable",
      `Not everything could follow the new configuration (${failures.join("; ")}). The rest of it is in force. Try again with: gantry config reload`,
    );
  };

  const reload = async (dryRun: boolean): Promise<Reload> => {
    const next = readNext();
    const changes = changesBetween(loaded.config, next.config);
    const answer = { configFile: next.configFile, dryRun, changes };
    if (dryRun || (changes.length === 0 && !unfinished)) return { ...answer, problems: [] };
    const keys = (effect: string) => changes.flatMap((change) => (change.effect === effect ? [change.key] : []));
    const [applied, needRestart] = [keys("applied"), keys("restart")];
    const nextHash = configHash(next.config);
    putInForce(loaded, next);
    looked = undefined;
    const problems = await takeUpAll();
    loadedAt = toTimestamp(clock.now());
    await note(configHash(loaded.config), needRestart.length === 0 ? undefined : { configHash: nextHash, keys: needRestart });
    logger.info({ applied, needRestart, problems: problems.length }, "the configuration was read anew");
    publish(applied, needRestart);
    return { ...answer, problems };
  };

  const look = (): ConfigurationState => {
    try {
      const changes = changesBetween(loaded.config, readNext().config);
      const of = (effect: string) => changes.filter((change) => change.effect === effect).map(({ key }) => key);
      return {
        loadedAt,
        state: changes.length === 0 ? "inForce" : "changed",
        reloadable: of("applied"),
        needRestart: of("restart"),
      };
    } catch (error) {
      if (!(error instanceof GantryError)) throw error;
      const detail = error.message.replace(" The configuration in force was kept.", "");
      return { loadedAt, state: error.code === "conflict" ? "changed" : "invalid", detail, reloadable: [], needRestart: [] };
    }
  };

  return {
    reload(dryRun) {
      const result = turn.then(() => reload(dryRun));
      turn = result.catch(() => undefined);
      return result;
    },
    state() {
      const nowMs = clock.monotonic();
      if (looked === undefined || nowMs - looked.atMs > lookEveryMs) looked = { atMs: nowMs, state: look() };
      return looked.state;
    },
  };
}
