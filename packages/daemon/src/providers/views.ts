/** What callers see of providers. */
import type { ProviderDetail, ProviderInstanceInfo, ProviderMethod, ProviderModel, ProviderState, ProviderSummary } from "@gantry/contract";

import { toTimestamp } from "../core/clock.ts";
import { round } from "./call-news.ts";
import type { InstanceMethod, OfflineProvider, Provider, ProviderInstance } from "./registry.ts";

export function summaryOf(provider: Provider, waiting: number): ProviderSummary {
  const { methods, models, instances, ...rest } = detailOf(provider, waiting);
  return {
    ...rest,
    instances: instances.length,
    methods: methods.map((method) => method.name),
    models: models.map((model) => model.id),
  };
}

/** What a provider offers is the union over its instances: they may differ for the minutes of a roll-out. */
export function detailOf(provider: Provider, waiting: number): ProviderDetail {
  const instances = [...provider.instances.values()];
  const newest = instances.reduce((one, other) => (other.connectedAt > one.connectedAt ? other : one));
  const methods = new Map(instances.flatMap((instance) => [...instance.methods]));
  const models = new Map(instances.flatMap(({ document }) => document.models.map((model) => [model.id, model] as const)));
  const measured = instances.filter((instance) => instance.latencyMs > 0).map((instance) => instance.latencyMs);
  const total = (count: (instance: ProviderInstance) => number) => instances.reduce((sum, instance) => sum + count(instance), 0);
  return {
    ...describeDocument(provider.name, newest, [...methods.values()], [...models.values()]),
    state: stateOf(instances),
    instances: instances.map(describeInstance),
    capabilities: [...new Set(instances.flatMap(({ document }) => document.capabilities))],
    inflight: total((instance) => instance.inflight),
    waiting,
    calls: total(({ stats }) => stats.calls),
    failures: total(({ stats }) => stats.failures),
    ...(measured.length === 0 ? {} : { latencyMs: round(Math.min(...measured)) }),
    since: toTimestamp(provider.since),
  };
}

export function offlineDetail(name: string, { document, since, reason, stats }: OfflineProvider): ProviderDetail {
  return {
    ...describeDocument(name, { document }, document.methods, document.models),
    state: "offline",
    instances: [],
    capabilities: document.capabilities,
    inflight: 0,
    waiting: 0,
    ...stats,
    since: toTimestamp(since),
    lastReason: reason,
  };
}

function describeInstance(instance: ProviderInstance): ProviderInstanceInfo {
  const { document, state, detail, latencyMs } = instance;
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
    ...(latencyMs === 0 ? {} : { latencyMs: round(latencyMs) }),
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
    methods: methods.map(({ name, description, stream, input, output, idempotent, timeoutMs }) => ({
      name,
      stream,
      idempotent,
      ...(description === undefined ? {} : { description }),
      ...(input === undefined ? {} : { input }),
      ...(output === undefined ? {} : { output }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    })),
    models,
  };
}
