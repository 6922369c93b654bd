/** The rules of the providers room: who is registered under which name, and what may be asked of them. The only door into the room. */
import {
  GantryError,
  HealthAnswer,
  type CapabilityInfo,
  type DrainMessage,
  type HealthStatus,
  type ModelInfo,
  type ProviderDetail,
  type ProviderHealth,
  type ProviderSummary,
  rolePermissions,
  type SupervisedInstance,
} from "@gantry/contract";

import { mayTouch, type Caller } from "../core/caller.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/logger.ts";
import { type PublishProviders, round } from "./call-news.ts";
import { type CallEngine, createCallEngine } from "./calls.ts";
import { openCallerLink } from "./caller-link.ts";
import { unknownProvider } from "./candidates.ts";
import { cleanText } from "./failure.ts";
import { bindCall, type LinkEvents, openLink, unbindCall } from "./link.ts";
import { openOlderCaller, openOlderProvider } from "./older-events.ts";
import { createRegistry, type Provider, type ProviderInstance } from "./registry.ts";
import type { ProviderSocket } from "./socket.ts";
import { nextInstanceState } from "./state.ts";
import {
  type AppliedProviders,
  type ConfiguredProviders,
  createManagedProviders,
  type ManagedSettings,
} from "./managed/managed-providers.ts";
import { createViews } from "./listing.ts";

export interface ProvidersService {
  /** Takes an authenticated connection of the namespace `/providers`: it may register a provider, make calls, or both. */
  accept(socket: ProviderSocket, caller: Caller): void;
  /** Takes an authenticated connection of another namespace, which may only make calls. */
  acceptCaller(socket: ProviderSocket, caller: Caller): void;
  list(): ProviderSummary[];
  get(name: string): ProviderDetail;
  models(): ModelInfo[];
  capabilities(): CapabilityInfo[];
  /** True when a connected instance offers the model and has the method. */
  offers(model: string, method: string): boolean;
  health(name: string, timeoutMs: number): Promise<ProviderHealth>;
  drain(name: string, instance: string | undefined, drain: DrainMessage): { name: string; instances: string[]; inflight: number };
  cancelCall(id: string, reason: string, caller: Caller): boolean;
  readonly calls: CallEngine;
  /** For metrics and `status`. */
  counts(): { names: number; instances: number; callsInFlight: number; callsWaiting: number };
  /** Starts the providers of the configuration, without waiting for them. */
  start(): void;
  /** Drains, ends, and starts again a provider that the daemon runs. Resolves when it has come up or failed once. */
  restart(name: string, instance: string | undefined, deadlineMs: number): Promise<SupervisedInstance[]>;
  /**
   * Makes another `[provider.*]` configuration the one that runs: starts, restarts, and stops what differs, letting calls finish for
   * `deadlineMs`, and disturbs nothing else. Resolves when nothing of the old is left, without waiting for the new to come up. The
   * settings must have been checked (`checkProviderSettings`).
   */
  applyConfigured(providers: ConfiguredProviders, deadlineMs: number): Promise<AppliedProviders>;
  /** Ends open calls and closes the connections; what dialled in may come back to the next daemon. */
  close(): Promise<void>;
}

export interface ProvidersParts {
  clock: Clock;
  logger: Logger;
  publish: PublishProviders;
  newCallId: () => string;
  /** The name of this daemon among others, told to providers. */
  node: string;
  managed: ManagedSettings;
}

export function createProvidersService({ clock, logger, publish, newCallId, node, managed: settings }: ProvidersParts): ProvidersService {
  const registry = createRegistry((name) => managed.whyAbsent(name));
  const calls = createCallEngine({ registry, clock, newCallId, publish, bind: bindCall, unbind: unbindCall });
  const sockets = new Set<ProviderSocket>();
  /** Who waits for an instance to leave, by its label. */
  const leaving = new Map<string, (() => void)[]>();
  const managed = createManagedProviders({
    ...settings,
    clock,
    logger,
    publish,
    accept: (name, socket) => open(socket, callerFor(name)),
  });
  const describe = createViews({ registry, calls, managed, clock, startedAt: clock.now() });

  const peersOf = ({ name, instance }: ProviderInstance) =>
    [...(registry.provider(name)?.instances.keys() ?? [])].filter((peer) => peer !== instance);

  function open(socket: ProviderSocket, caller: Caller): void {
    sockets.add(socket);
    socket.on("disconnect", () => sockets.delete(socket));
    const typeOf = (name: string) => managed.settings(name)?.type ?? "socket";
    openLink(socket, caller, { calls, events, clock, logger, node, typeOf });
  }

  const events: LinkEvents = {
    join(instance, caller) {
      const older = registry.provider(instance.name)?.instances.get(instance.instance);
      if (older && older.epoch >= instance.epoch) {
        throw new GantryError(
          "invalidArgument",
          `${instance.label} is connected already with epoch ${older.epoch}; a newer connection needs a higher one than ${instance.epoch}. Use another instance name for a second process.`,
          { details: { rule: "epoch", epoch: older.epoch } },
        );
      }
      if (older) {
        const reason = "replaced by a newer connection of the same instance name";
        retire(older, reason);
        // Tells a process that is still there to stay away: two that take the name from each other would never end.
        older.link.emit("drain", { deadlineMs: 0, reason });
        older.link.evict(reason);
      }
      registry.add(instance);
      const { name, document } = instance;
      logger.info({ provider: instance.label, methods: document.methods.length, version: document.version }, "a provider joined");
      publish("provider.joined", { name, instance: instance.instance, version: document.version, kind: document.kind });
      calls.pump();
      managed.noteJoined(caller.keyId, name);
      return peersOf(instance);
    },
    update(instance, document, methods) {
      registry.update(instance, document, methods);
      publish("provider.updated", { name: instance.name, instance: instance.instance });
      calls.pump();
      calls.refuseOrphans();
      return peersOf(instance);
    },
    status(instance, status) {
      const others = Math.max(0, status.inflight - instance.inflight);
      instance.hint = { others, queue: status.queue, at: clock.monotonic() };
      change(instance, status.state === "ok" ? "ok" : "degrade", status.detail);
    },
    drain(instance, reason) {
      change(instance, "drain", cleanText(reason) || "it asked for no more calls");
      calls.refuseOrphans();
    },
    leave: retire,
  };

  function change(instance: ProviderInstance, event: "ok" | "degrade" | "drain", detail: string | undefined): void {
    const state = nextInstanceState(instance.state, event);
    if (state === "gone" || (state === instance.state && detail === instance.detail)) return;
    instance.state = state;
    instance.detail = detail;
    publish("provider.state", { name: instance.name, instance: instance.instance, state, ...(detail === undefined ? {} : { detail }) });
  }

  /** Takes an instance out of routing; its connection settles its calls when it ends. */
  function retire(instance: ProviderInstance, reason: string): void {
    if (instance.state === "gone") return;
    instance.state = nextInstanceState(instance.state, "leave");
    registry.remove(instance, clock.now(), reason);
    logger.info({ provider: instance.label, reason }, "a provider left");
    publish("provider.left", { name: instance.name, instance: instance.instance, reason, aborted: instance.inflight });
    calls.refuseOrphans();
    for (const resolve of leaving.get(instance.label) ?? []) resolve();
    leaving.delete(instance.label);
  }

  /** Resolves when this instance is registered no more. */
  function untilLeft(name: string, instance: string): Promise<void> {
    const label = `${name}/${instance}`;
    if (registry.provider(name)?.instances.has(instance) !== true) return Promise.resolve();
    return new Promise((resolve) => leaving.set(label, [...(leaving.get(label) ?? []), resolve]));
  }

  /** Lets it finish its calls; at the deadline it goes, busy or not. */
  function drainInstance(instance: ProviderInstance, { deadlineMs, reason }: DrainMessage): void {
    change(instance, "drain", cleanText(reason));
    instance.link.emit("drain", { deadlineMs, reason });
    setTimeout(() => instance.state === "draining" && instance.link.evict("its drain deadline passed"), deadlineMs).unref();
  }

  /** Resolves when that instance, if it is there, is done and gone. */
  function drainSlot(name: string, slot: string, drain: DrainMessage): Promise<void> {
    const instance = registry.provider(name)?.instances.get(slot);
    if (instance) drainInstance(instance, drain);
    return untilLeft(name, slot);
  }

  function acceptCaller(socket: ProviderSocket, caller: Caller): void {
    openCallerLink(socket, caller, { calls, logger });
    openOlderCaller(socket, caller, {
      calls,
      list: () => service.list(),
      models: () => service.models(),
      capabilities: () => service.capabilities(),
      whoHas,
    });
  }

  function whoHas(method: string): string | undefined {
    let older: string | undefined;
    for (const { name, instances } of registry.providers()) {
      for (const instance of instances.values()) {
        if (!instance.methods.has(method)) continue;
        if (!instance.isOlder) return name;
        older ??= name;
      }
    }
    return older;
  }

  const known = (name: string): Provider => {
    const provider = registry.provider(name);
    if (provider) return provider;
    throw unknownProvider(registry, name);
  };

  const service: ProvidersService = {
    calls,
    accept(socket, caller) {
      open(socket, caller);
      openOlderProvider(socket, (inner) => open(inner, caller), clock.now);
      acceptCaller(socket, caller);
    },
    acceptCaller,

    list: () => describe.list(),
    get(name) {
      const detail = describe.get(name);
      if (detail) return detail;
      throw unknownProvider(registry, name);
    },
    models() {
      return [...registry.byModel].map(([id, instances]) => {
        const [first] = instances;
        const model = first?.document.models.find((candidate) => candidate.id === id);
        const { description, contextTokens } = model ?? {};
        return {
          id,
          providers: namesOf(instances),
          ...(description === undefined ? {} : { description }),
          ...(contextTokens === undefined ? {} : { contextTokens }),
        };
      });
    },
    capabilities: () => [...registry.byCapability].map(([capability, instances]) => ({ capability, providers: namesOf(instances) })),

    offers: (model, method) => [...(registry.byModel.get(model) ?? [])].some(({ methods }) => methods.has(method)),

    async health(name, timeoutMs) {
      if (describe.get(name)?.state === "offline") {
        // What the daemon runs itself has something to say even while it is down.
        const instances = (managed.supervision(name) ?? []).map(({ instance, lastEnd }) => ({
          instance,
          status: "offline" as const,
          durationMs: 0,
          ...(lastEnd === undefined ? {} : { detail: cleanText(lastEnd).replaceAll("\n", " ").slice(0, 512) }),
        }));
        return { name, status: "offline", durationMs: 0, instances };
      }
      const instances = [...known(name).instances.values()];
      const answers = await Promise.all(instances.map((instance) => ask(instance, timeoutMs)));
      // The worst tells: a provider with one failing instance is not well.
      const status = severity.find((candidate) => answers.some((answer) => answer.status === candidate)) ?? "ok";
      return { name, status, durationMs: Math.max(0, ...answers.map((answer) => answer.durationMs)), instances: answers };
    },
    drain(name, instanceName, { deadlineMs, reason }) {
      const supervised = managed.supervision(name)?.map(({ instance }) => instance) ?? [];
      const all = [...(registry.provider(name)?.instances.values() ?? [])];
      if (all.length === 0 && supervised.length === 0) throw unknownProvider(registry, name);
      const chosen = instanceName === undefined ? all : all.filter((candidate) => candidate.instance === instanceName);
      const held = instanceName === undefined ? supervised : supervised.filter((candidate) => candidate === instanceName);
      if (chosen.length === 0 && held.length === 0) {
        const names = [...new Set([...all.map((candidate) => candidate.instance), ...supervised])].join(", ");
        throw new GantryError("notFound", `Provider ${name} has no instance ${instanceName}. There are: ${names}. Nothing was drained.`);
      }
      for (const instance of chosen) drainInstance(instance, { deadlineMs, reason });
      // A provider that the daemon runs would otherwise be started again at once.
      for (const instance of held) managed.hold(name, instance, "it was drained on request", (slot) => untilLeft(name, slot));
      calls.refuseOrphans();
      return {
        name,
        instances: [...new Set([...chosen.map((instance) => instance.instance), ...held])],
        inflight: chosen.reduce((sum, { inflight }) => sum + inflight, 0),
      };
    },
    async restart(name, instanceName, deadlineMs) {
      if (describe.get(name) === undefined) throw unknownProvider(registry, name);
      return managed.restart(name, instanceName, (slot) => drainSlot(name, slot, { deadlineMs, reason: "it is restarted on request" }));
    },
    async applyConfigured(providers, deadlineMs) {
      const reason = "its configuration has changed";
      const applied = await managed.apply(providers, (name, slot) => drainSlot(name, slot, { deadlineMs, reason }));
      // What nobody configures any more is gone, not away.
      for (const name of applied.removed) registry.forget(name);
      calls.refuseOrphans();
      return applied;
    },
    cancelCall(id, reason, caller) {
      const call = calls.find(id);
      // To a caller that sees only its own, another's call does not exist.
      if (call === undefined || !mayTouch(caller, call.request.owner)) {
        throw new GantryError("notFound", `There is no call ${id} in progress: it has ended, or never was.`);
      }
      return calls.cancel(call, cleanText(reason));
    },
    counts() {
      let names = 0;
      let instances = 0;
      for (const provider of registry.providers()) {
        names += 1;
        instances += provider.instances.size;
      }
      return { names, instances, callsInFlight: calls.active, callsWaiting: calls.waiting };
    },
    start: () => managed.start(),
    async close() {
      calls.close();
      // Neither a drain nor a goodbye: a provider that dialled in is to come back to the next daemon, not to leave for good.
      for (const socket of sockets) {
        if (socket.conn === undefined) socket.disconnect(true);
        else socket.conn.close();
      }
      await managed.close();
    },
  };
  return service;

  async function ask(instance: ProviderInstance, timeoutMs: number): Promise<ProviderHealth["instances"][number]> {
    const startedAt = clock.monotonic();
    const answer = await instance.link.ask("health", { deep: true }, timeoutMs).catch((error: unknown) => error);
    const durationMs = round(clock.monotonic() - startedAt);
    if (answer instanceof Error)
      return { instance: instance.instance, status: "unreachable", detail: cleanText(answer.message), durationMs };
    const parsed = HealthAnswer.safeParse(answer);
    if (!parsed.success) return { instance: instance.instance, status: "failing", detail: "its health answer makes no sense", durationMs };
    return { instance: instance.instance, ...parsed.data, durationMs };
  }
}

/** A provider inside the daemon may register its own name and nothing else. */
function callerFor(name: string): Caller {
  return { keyId: "local", role: "provider", permissions: new Set(rolePermissions.provider), providerNames: [name] };
}

const severity: HealthStatus[] = ["unreachable", "failing", "degraded"];

function namesOf(instances: Iterable<ProviderInstance>): string[] {
  return [...new Set([...instances].map(({ name }) => name))].sort();
}
