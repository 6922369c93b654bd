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
import { createRegistry, type Provider, type ProviderInstance } from "./registry.ts";
import type { ProviderSocket } from "./socket.ts";
import { nextInstanceState } from "./state.ts";
import { detailOf, offlineDetail, summaryOf } from "./views.ts";

export interface ProvidersService {
  /** Takes an authenticated connection of the namespace `/providers`: it may register a provider, make calls, or both. */
  accept(socket: ProviderSocket, caller: Caller): void;
  /** Takes an authenticated connection of another namespace, which may only make calls. */
  acceptCaller(socket: ProviderSocket, caller: Caller): void;
  list(): ProviderSummary[];
  get(name: string): ProviderDetail;
  models(): ModelInfo[];
  capabilities(): CapabilityInfo[];
  health(name: string, timeoutMs: number): Promise<ProviderHealth>;
  drain(name: string, instance: string | undefined, drain: DrainMessage): { name: string; instances: string[]; inflight: number };
  cancelCall(id: string, reason: string, caller: Caller): boolean;
  readonly calls: CallEngine;
  /** For metrics and `status`. */
  counts(): { names: number; instances: number; callsInFlight: number; callsWaiting: number };
  /** Tells every provider to finish, ends open calls, and closes the connections. */
  close(): void;
}

export interface ProvidersParts {
  clock: Clock;
  logger: Logger;
  publish: PublishProviders;
  newCallId: () => string;
  /** The name of this daemon among others, told to providers. */
  node: string;
}

export function createProvidersService({ clock, logger, publish, newCallId, node }: ProvidersParts): ProvidersService {
  const registry = createRegistry();
  const calls = createCallEngine({ registry, clock, newCallId, publish, bind: bindCall, unbind: unbindCall });
  const sockets = new Set<ProviderSocket>();

  const peersOf = ({ name, instance }: ProviderInstance) =>
    [...(registry.provider(name)?.instances.keys() ?? [])].filter((peer) => peer !== instance);

  const events: LinkEvents = {
    join(instance) {
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
  }

  const known = (name: string): Provider => {
    const provider = registry.provider(name);
    if (provider) return provider;
    throw unknownProvider(registry, name);
  };

  return {
    calls,
    accept(socket, caller) {
      sockets.add(socket);
      socket.on("disconnect", () => sockets.delete(socket));
      openLink(socket, caller, { calls, events, clock, logger, node });
      openCallerLink(socket, caller, { calls, logger });
    },
    acceptCaller: (socket, caller) => openCallerLink(socket, caller, { calls, logger }),

    list() {
      const connected = [...registry.providers()].map((provider) => summaryOf(provider, calls.waitingFor(provider.name)));
      const offline = [...registry.offlineProviders()].map(([name, left]) => {
        const { methods, models, instances: _none, lastReason: _reason, ...rest } = offlineDetail(name, left);
        return { ...rest, instances: 0, methods: methods.map((method) => method.name), models: models.map((model) => model.id) };
      });
      return [...connected, ...offline].sort((one, other) => (one.name < other.name ? -1 : 1));
    },
    get(name) {
      const left = registry.offline(name);
      return left ? offlineDetail(name, left) : detailOf(known(name), calls.waitingFor(name));
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

    async health(name, timeoutMs) {
      if (registry.offline(name)) return { name, status: "offline", durationMs: 0, instances: [] };
      const instances = [...known(name).instances.values()];
      const answers = await Promise.all(instances.map((instance) => ask(instance, timeoutMs)));
      // The worst tells: a provider with one failing instance is not well.
      const status = severity.find((candidate) => answers.some((answer) => answer.status === candidate)) ?? "ok";
      return { name, status, durationMs: Math.max(0, ...answers.map((answer) => answer.durationMs)), instances: answers };
    },
    drain(name, instanceName, { deadlineMs, reason }) {
      const all = [...known(name).instances.values()];
      const chosen = instanceName === undefined ? all : all.filter((candidate) => candidate.instance === instanceName);
      if (chosen.length === 0) {
        const names = all.map((candidate) => candidate.instance).join(", ");
        throw new GantryError("notFound", `Provider ${name} has no instance ${instanceName}. Connected: ${names}. Nothing was drained.`);
      }
      for (const instance of chosen) {
        change(instance, "drain", cleanText(reason));
        instance.link.emit("drain", { deadlineMs, reason });
        // A provider that does not know drain keeps its connection; at the deadline it goes, busy or not.
        setTimeout(() => instance.state === "draining" && instance.link.evict("its drain deadline passed"), deadlineMs).unref();
      }
      calls.refuseOrphans();
      return {
        name,
        instances: chosen.map((instance) => instance.instance),
        inflight: chosen.reduce((sum, { inflight }) => sum + inflight, 0),
      };
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
    close() {
      calls.close();
      for (const provider of registry.providers()) {
        for (const { link } of provider.instances.values()) link.emit("drain", { deadlineMs: 0, reason: "the daemon is stopping" });
      }
      for (const socket of sockets) socket.disconnect(true);
    },
  };

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

const severity: HealthStatus[] = ["unreachable", "failing", "degraded"];

function namesOf(instances: Iterable<ProviderInstance>): string[] {
  return [...new Set([...instances].map(({ name }) => name))].sort();
}
