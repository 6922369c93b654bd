/** The providers of the configuration: starts their instances under supervision and tells how each stands. */
import { isDeepStrictEqual } from "node:util";

import { GantryError, type ProviderConfiguration, type ProviderType, type SupervisedInstance } from "@gantry/contract";

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { PublishProviders } from "../call-news.ts";
import type { ProviderSocket } from "../socket.ts";
import type { StartInstance } from "./kind.ts";
import { openLocalLink } from "./local-link.ts";
import { createSupervisor, type Supervisor } from "./supervisor.ts";

export type ConfiguredProviders = Readonly<Record<string, ProviderConfiguration>>;

export interface ManagedSettings {
  configured: ConfiguredProviders;
  baseDirectory: string;
  env: Readonly<Record<string, string | undefined>>;
  /** How to start each type; `socket` is never started from here. */
  kinds: Readonly<Partial<Record<ProviderType, StartInstance>>>;
}

export interface ManagedParts extends ManagedSettings {
  clock: Clock;
  logger: Logger;
  publish: PublishProviders;
  /** Gives a provider inside the daemon a connection that may register this name only. */
  accept(name: string, socket: ProviderSocket): void;
}

/** What became of each configured provider when the configuration changed, by name. */
export interface AppliedProviders {
  added: string[];
  removed: string[];
  /** Those with other settings, or another number of instances. */
  changed: string[];
  unchanged: string[];
}

/** Waits until an instance has done its calls and left. */
type Quiet = (name: string, instance: string) => Promise<void>;

export interface ManagedProviders {
  names(): Iterable<string>;
  settings(name: string): ProviderConfiguration | undefined;
  /** Undefined when the daemon does not run it: it is unknown here, or dials in by itself. */
  supervision(name: string): SupervisedInstance[] | undefined;
  /** Words for why none of its instances is up; undefined when the daemon does not run it. */
  whyAbsent(name: string): string | undefined;
  /** Starts what is to start with the daemon; does not wait for it. */
  start(): void;
  /** Restarts the instances; `quiet` is awaited for each before it is stopped. Resolves when each has come up or failed once. */
  restart(name: string, instance: string | undefined, quiet: (instance: string) => Promise<void>): Promise<SupervisedInstance[]>;
  /** Ends those instances once `quiet` says that their calls are done, and keeps them down. */
  hold(name: string, instance: string | undefined, reason: string, quiet: (instance: string) => Promise<void>): void;
  /**
   * Makes the new set the one that runs: starts what was added, ends what was taken out, restarts what has other settings, and leaves
   * the rest alone. Resolves when nothing of the old set is left; new starts go on by themselves, as with the daemon.
   */
  apply(configured: ConfiguredProviders, quiet: Quiet): Promise<AppliedProviders>;
  /** A connection with this key has registered a name. */
  noteJoined(keyId: string, name: string): void;
  close(): Promise<void>;
}

/** One configured provider: its settings as they are now, and who keeps its instances running. */
interface Configured {
  settings: ProviderConfiguration;
  /** Empty when it dials in by itself. */
  supervisors: Supervisor[];
}

export function createManagedProviders(parts: ManagedParts): ManagedProviders {
  const { clock, logger, publish } = parts;
  const configured = new Map<string, Configured>();
  const expected = new Map<string, { name: string; resolve: () => void }>();
  let epoch = clock.now();
  let isStarted = false;
  let isClosed = false;
  let applying: Promise<unknown> = Promise.resolve();

  /** Reads the settings anew at each start, so that a restart is all that a change takes. */
  const supervise = (name: string, entry: Configured, instance: string) =>
    createSupervisor({
      instance,
      get autoRestart() {
        return entry.settings.autoRestart;
      },
      get startTimeoutMs() {
        return entry.settings.startTimeoutMs;
      },
      clock,
      onState(state, reason) {
        const level = state === "waiting" ? "warn" : "info";
        logger[level]({ provider: `${name}/${instance}`, state, reason }, "a managed provider changed");
        publish("provider.supervision", { name, instance, state, ...(reason === undefined ? {} : { reason }) });
      },
      start: ({ signal, stderr, notePid }) => {
        const kind = parts.kinds[entry.settings.type] as StartInstance;
        return kind({
          provider: { name, settings: entry.settings, baseDirectory: parts.baseDirectory, env: parts.env },
          instance,
          clock,
          logger: logger.child({ provider: `${name}/${instance}` }),
          signal,
          stderr,
          notePid,
          join: (document, behaviour) => {
            epoch = Math.max(epoch + 1, clock.now());
            return openLocalLink((socket) => parts.accept(name, socket), { name, instance, epoch }, document, behaviour);
          },
          joinedBy: (keyId) =>
            new Promise((resolve, reject) => {
              expected.set(keyId, { name, resolve });
              signal.addEventListener("abort", () => {
                expected.delete(keyId);
                reject(signal.reason as Error);
              });
            }),
        });
      },
    });

  const instancesOf = ({ type, instances }: ProviderConfiguration): number => (parts.kinds[type] === undefined ? 0 : instances);

  /** Adds supervisors up to the configured number; what is beyond it, its caller ends. */
  const fill = (name: string, entry: Configured) => {
    for (let index = entry.supervisors.length; index < instancesOf(entry.settings); index += 1) {
      entry.supervisors.push(supervise(name, entry, String(index + 1)));
    }
  };

  const add = (name: string, settings: ProviderConfiguration): Configured => {
    const entry: Configured = { settings, supervisors: [] };
    configured.set(name, entry);
    fill(name, entry);
    return entry;
  };

  for (const [name, settings] of Object.entries(parts.configured)) add(name, settings);

  const supervisorsOf = (name: string): Supervisor[] | undefined => {
    const supervisors = configured.get(name)?.supervisors;
    return supervisors?.length === 0 ? undefined : supervisors;
  };

  const chosen = (name: string, instance: string | undefined): Supervisor[] => {
    const all = supervisorsOf(name) ?? [];
    return instance === undefined ? all : all.filter((supervisor) => supervisor.instance === instance);
  };

  const startAll = ({ settings, supervisors }: Configured) => {
    if (isStarted && settings.autoStart) for (const supervisor of supervisors) void supervisor.start();
  };

  const end = async (name: string, supervisor: Supervisor, quiet: Quiet, reason: string) => {
    if (supervisor.state === "running") await quiet(name, supervisor.instance);
    await supervisor.stop(reason);
  };

  const remove = async (name: string, entry: Configured, quiet: Quiet) => {
    await Promise.all(entry.supervisors.map((supervisor) => end(name, supervisor, quiet, "it was taken out of the configuration")));
    configured.delete(name);
  };

  const change = async (name: string, entry: Configured, settings: ProviderConfiguration, quiet: Quiet) => {
    const isOther = !isDeepStrictEqual(whatNeedsRestart(entry.settings), whatNeedsRestart(settings));
    entry.settings = settings;
    const surplus = entry.supervisors.splice(instancesOf(settings));
    const kept = isOther ? [...entry.supervisors] : [];
    fill(name, entry);
    await Promise.all([
      ...surplus.map((supervisor) => end(name, supervisor, quiet, "its configuration asks for fewer instances")),
      ...kept.map(async (supervisor) => {
        const isWanted = supervisor.state !== "stopped";
        await end(name, supervisor, quiet, "its configuration has changed");
        if (isWanted && !isClosed) void supervisor.start();
      }),
    ]);
    // Also what was stopped: who mends its settings wants to see it run.
    if (!isClosed) startAll(entry);
  };

  const applyNow = async (wanted: ConfiguredProviders, quiet: Quiet): Promise<AppliedProviders> => {
    const applied: AppliedProviders = { added: [], removed: [], changed: [], unchanged: [] };
    const work: Promise<void>[] = [];
    for (const [name, entry] of configured) {
      if (Object.hasOwn(wanted, name)) continue;
      applied.removed.push(name);
      work.push(remove(name, entry, quiet));
    }
    for (const [name, settings] of Object.entries(wanted)) {
      const entry = configured.get(name);
      if (entry === undefined) {
        applied.added.push(name);
        startAll(add(name, settings));
      } else if (isDeepStrictEqual(entry.settings, settings)) applied.unchanged.push(name);
      else {
        applied.changed.push(name);
        work.push(change(name, entry, settings, quiet));
      }
    }
    await Promise.all(work);
    logger.info({ ...applied, unchanged: applied.unchanged.length }, "the configured providers were applied");
    return applied;
  };

  return {
    names: () => configured.keys(),
    settings: (name) => configured.get(name)?.settings,
    supervision: (name) => supervisorsOf(name)?.map((supervisor) => supervisor.view()),
    whyAbsent(name) {
      const all = supervisorsOf(name)?.map((supervisor) => supervisor.view());
      if (all === undefined)
        return configured.get(name)?.settings.type === "socket" ? "it has not connected yet; start its program" : undefined;
      const { state, lastEnd = "no reason is known", nextRetryAt } = all.find(({ lastEnd }) => lastEnd !== undefined) ?? all[0] ?? {};
      if (state === "waiting") return `${lastEnd}; it is started again at ${nextRetryAt}. See: gantry providers status ${name}`;
      if (state === "stopped") return `it is stopped; start it with: gantry providers restart ${name}`;
      return `it is ${state}; try again shortly`;
    },
    start() {
      isStarted = true;
      for (const entry of configured.values()) startAll(entry);
    },
    async restart(name, instance, quiet) {
      const affected = chosen(name, instance);
      if (affected.length === 0) throw notManaged(name, instance, supervisorsOf(name));
      await Promise.all(
        affected.map(async (supervisor) => {
          if (supervisor.state === "running") await quiet(supervisor.instance);
          await supervisor.stop("it was restarted on request");
          await supervisor.start();
        }),
      );
      return affected.map((supervisor) => supervisor.view());
    },
    hold(name, instance, reason, quiet) {
      for (const supervisor of chosen(name, instance)) {
        void quiet(supervisor.instance).then(() => supervisor.stop(reason));
      }
    },
    apply(wanted, quiet) {
      // One after the other: the second finds what the first has made.
      const applied = applying.then(() => applyNow(wanted, quiet));
      applying = applied.catch(() => undefined);
      return applied;
    },
    noteJoined(keyId, name) {
      const waiting = expected.get(keyId);
      if (waiting?.name !== name) return;
      expected.delete(keyId);
      waiting.resolve();
    },
    async close() {
      isClosed = true;
      const all = [...configured.values()].flatMap(({ supervisors }) => supervisors);
      await Promise.all(all.map((supervisor) => supervisor.stop("the daemon is stopping")));
    },
  };
}

/** What an instance is started with: the rest is looked at when it is needed. */
function whatNeedsRestart(settings: ProviderConfiguration): Partial<ProviderConfiguration> {
  const { instances: _instances, autoStart: _autoStart, autoRestart: _autoRestart, startTimeoutMs: _startTimeoutMs, ...rest } = settings;
  return rest;
}

function notManaged(name: string, instance: string | undefined, known: Supervisor[] | undefined): GantryError {
  if (known === undefined) {
    return new GantryError(
      "conflict",
      `Provider ${name} is not run by Gantry: it dials in by itself, so restart its program where it runs. Nothing was changed.`,
    );
  }
  const names = known.map((supervisor) => supervisor.instance).join(", ");
  return new GantryError("notFound", `Provider ${name} has no managed instance ${instance}. There are: ${names}. Nothing was restarted.`);
}
