/** What callers see of providers. */
import type {
  BreakerInfo,
  ProviderDetail,
  ProviderInstanceInfo,
  ProviderMethod,
  ProviderModel,
  ProviderState,
  ProviderSummary,
  ProviderType,
} from "@gantry/contract";

import { toTimestamp } from "../core/clock.ts";
import type { Breaker } from "./breaker.ts";
import { round } from "./call-news.ts";
import { mostAreOpen } from "./routing.ts";
import type { InstanceMethod, OfflineProvider, Provider, ProviderInstance } from "./registry.ts";

export function summarize({ methods, models, instances, lastReason: _reason, ...rest }: ProviderDetail): ProviderSummary {
  return {
    ...rest,
    instances: instances.length,
    methods: methods.map((method) => method.name),
    models: models.map((model) => model.id),
  };
}

/** What a provider offers is the union over its instances: they may differ for the minutes of a roll-out. */
export function detailOf(provider: Provider, waiting: number, nowMs: number): ProviderDetail {
  const instances = [...provider.instances.values()];
  const newest = instances.reduce((one, other) => (other.connectedAt > one.connectedAt ? other : one));
  const methods = new Map(instances.flatMap((instance) => [...instance.methods]));
  const models = new Map(instances.flatMap(({ document }) => document.models.map((model) => [model.id, model] as const)));
  const measured = instances.map(({ pace }) => pace.meanMs).filter((meanMs) => meanMs > 0);
  const described = instances.map((instance) => describeInstance(instance, instances, nowMs));
  const total = (count: (instance: ProviderInstance) => number) => instances.reduce((sum, instance) => sum + count(instance), 0);
  return {
    ...describeDocument(provider.name, newest, [...methods.values()], [...models.values()]),
    type: newest.type,
    state: stateOf(instances),
    instances: described,
    capabilities: [...new Set(instances.flatMap(({ document }) => document.capabilities))],
    inflight: total((instance) => instance.inflight),
    waiting,
    calls: total(({ stats }) => stats.calls),
    failures: total(({ stats }) => stats.failures),
    openBreakers: described.reduce((sum, { breakers }) => sum + breakers.length, 0),
    ...(measured.length === 0 ? {} : { latencyMs: round(Math.min(...measured)) }),
    since: toTimestamp(provider.since),
  };
}

export function offlineDetail(name: string, type: ProviderType, { document, since, reason, stats }: OfflineProvider): ProviderDetail {
  return {
    ...describeDocument(name, { document }, document.methods, document.models),
    type,
    state: "offline",
    instances: [],
    capabilities: document.capabilities,
    inflight: 0,
    waiting: 0,
    openBreakers: 0,
    ...stats,
    since: toTimestamp(since),
    lastReason: reason,
  };
}

/** Enough to know what it is about; callers get the whole of their own. */
const maxErrorCharacters = 300;

/** `nowMs` is of the monotonic clock, like the breaker's own times. */
function describeBreaker(method: string, breaker: Breaker, instances: ProviderInstance[], nowMs: number): BreakerInfo[] {
  const { openUntil, isTrying, failures, lastError } = breaker;
  if (openUntil === undefined) return [];
  return [
    {
      method,
      state: isTrying ? "trying" : "open",
      failures,
      retryInMs: Math.max(0, Math.ceil(openUntil - nowMs)),
      ignored: mostAreOpen(instances, method, nowMs),
      ...(lastError === undefined ? {} : { lastError: lastError.slice(0, maxErrorCharacters) }),
    },
  ];
}

function describeInstance(instance: ProviderInstance, instances: ProviderInstance[], nowMs: number): ProviderInstanceInfo {
  const { document, state, detail, pace, hint } = instance;
  return {
    instance: instance.instance,
    state: state === "gone" ? "draining" : state,
    version: document.version,
    epoch: instance.epoch,
    connectedAt: toTimestamp(instance.connectedAt),
    inflight: instance.inflight,
    concurrency: instance.concurrency,
    weight: instance.weight,
    ...instance.stats,
    ...(pace.meanMs === 0 ? {} : { latencyMs: round(pace.meanMs) }),
    ...(pace.durationMs === 0 ? {} : { durationMs: round(pace.durationMs) }),
    breakers: [...instance.breakers].flatMap(([method, breaker]) => describeBreaker(method, breaker, instances, nowMs)),
    ...(hint === undefined || hint.queue === 0 ? {} : { queued: hint.queue }),
    malformed: instance.malformed,
    ...(detail === undefined ? {} : { detail }),
    ...(document.metadata === undefined ? {} : { metadata: document.metadata }),
  };
}

/** A provider is as ready as its best instance. */
function stateOf(instances: ProviderInstance[]): ProviderState {
  for (const state of ["ready", "degraded"] as const) if (instances.some((instance) => instance.state === state)) return state;
  return "draining";
}

function describeDocument(
  name: string,
  { document }: Pick<ProviderInstance, "document">,
  methods: (InstanceMethod | ProviderMethod)[],
  models: ProviderModel[],
) {
  return {
    name,
    kind: document.kind,
    version: document.version,
    ...(document.description === undefined ? {} : { description: document.description }),
    methods: methods.map(({ name, description, stream, input, output, idempotent, timeoutMs, metadata }) => ({
      name,
      stream,
      idempotent,
      ...(description === undefined ? {} : { description }),
      ...(input === undefined ? {} : { input }),
      ...(output === undefined ? {} : { output }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(metadata === undefined ? {} : { metadata }),
    })),
    models,
  };
}
