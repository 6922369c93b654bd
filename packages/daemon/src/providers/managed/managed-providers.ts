/** The providers of the configuration: starts their instances under supervision and tells how each stands. */
import { GantryError, type ProviderConfiguration, type ProviderType, type SupervisedInstance } from "@gantry/contract";

import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/logger.ts";
import type { PublishProviders } from "../call-news.ts";
import type { ProviderSocket } from "../socket.ts";
import type { StartInstance } from "./kind.ts";
import { openLocalLink } from "./local-link.ts";
import { createSupervisor, type Supervisor } from "./supervisor.ts";

export interface ManagedSettings {
  configured: Readonly<Record<string, ProviderConfiguration>>;
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
  /** A connection with this key has registered a name. */
  noteJoined(keyId: string, name: string): void;
  close(): Promise<void>;
}

export function createManagedProviders(parts: ManagedParts): ManagedProviders {
  const { clock, logger, publish } = parts;
  const supervisors = new Map<string, Supervisor[]>();
  const expected = new Map<string, { name: string; resolve: () => void }>();
  let epoch = clock.now();

  const startInstance = (name: string, settings: ProviderConfiguration, kind: StartInstance, instance: string) =>
    createSupervisor({
      instance,
      autoRestart: settings.autoRestart,
      startTimeoutMs: settings.startTimeoutMs,
      clock,
      onState(state, reason) {
        const level = state === "waiting" ? "warn" : "info";
        logger[level]({ provider: `${name}/${instance}`, state, reason }, "a managed provider changed");
        publish("provider.supervision", { name, instance, state, ...(reason === undefined ? {} : { reason }) });
      },
      start: ({ signal, stderr, notePid }) =>
        kind({
          provider: { name, settings, baseDirectory: parts.baseDirectory, env: parts.env },
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
        }),
    });

  for (const [name, settings] of Object.entries(parts.configured)) {
    const kind = parts.kinds[settings.type];
    if (kind === undefined) continue;
    const instances = Array.from({ length: settings.instances }, (_, index) => String(index + 1));
    supervisors.set(
      name,
      instances.map((instance) => startInstance(name, settings, kind, instance)),
    );
  }

  const chosen = (name: string, instance: string | undefined): Supervisor[] => {
    const all = supervisors.get(name) ?? [];
    return instance === undefined ? all : all.filter((supervisor) => supervisor.instance === instance);
  };

  return {
    names: () => Object.keys(parts.configured),
    settings: (name) => (Object.hasOwn(parts.configured, name) ? parts.configured[name] : undefined),
    supervision: (name) => supervisors.get(name)?.map((supervisor) => supervisor.view()),
    whyAbsent(name) {
      const all = supervisors.get(name)?.map((supervisor) => supervisor.view());
      if (all === undefined) return parts.configured[name]?.type === "socket" ? "it has not connected yet; start its program" : undefined;
      const { state, lastEnd = "no reason is known", nextRetryAt } = all.find(({ lastEnd }) => lastEnd !== undefined) ?? all[0] ?? {};
      if (state === "waiting") return `${lastEnd}; it is started again at ${nextRetryAt}. See: gantry providers status ${name}`;
      if (state === "stopped") return `it is stopped; start it with: gantry providers restart ${name}`;
      return `it is ${state}; try again shortly`;
    },
    start() {
      for (const [name, all] of supervisors) {
        if (parts.configured[name]?.autoStart === true) for (const supervisor of all) void supervisor.start();
      }
    },
    async restart(name, instance, quiet) {
      const affected = chosen(name, instance);
      if (affected.length === 0) throw notManaged(name, instance, supervisors.get(name));
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
    noteJoined(keyId, name) {
      const waiting = expected.get(keyId);
      if (waiting?.name !== name) return;
      expected.delete(keyId);
      waiting.resolve();
    },
    async close() {
      const all = [...supervisors.values()].flat();
      await Promise.all(all.map((supervisor) => supervisor.stop("the daemon is stopping")));
    },
  };
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
