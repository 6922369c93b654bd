/** Part of the composition root: which figures of the rooms are told to Prometheus, and under which names. */
import type { Events, InstanceStatus, ProviderInstanceInfo, ProviderSummary } from "@gantry/contract";

import type { EventBus } from "./core/event-bus.ts";
import { createMetrics, type Metrics } from "./core/metrics.ts";

interface MetricsOptions {
  instance: string;
  version: string;
  bus: EventBus<Events>;
  executions(): Promise<InstanceStatus["executions"]>;
  sessions(): Promise<InstanceStatus["sessions"]>;
  providers: {
    list(): ProviderSummary[];
    get(name: string): { instances: ProviderInstanceInfo[] };
    counts(): { callsInFlight: number; callsWaiting: number };
    readonly calls: { readonly retriesLeft: number };
  };
}

export function composeMetrics({ instance, version, bus, executions, sessions, providers }: MetricsOptions): Metrics {
  const metrics = createMetrics();
  metrics.gauge("gantry_info", "The instance and its version", ["instance", "version"], () => [
    { labels: { instance, version }, value: 1 },
  ]);

  metrics.gauge("gantry_executions", "Executions that run or wait now", ["state"], async () => {
    const { queued, running } = await executions();
    return Object.entries({ queued, running }).map(([state, value]) => ({ labels: { state }, value }));
  });
  metrics.gauge("gantry_sessions", "Sessions that are alive now", [], async () => [{ value: (await sessions()).live }]);

  const took = metrics.histogram("gantry_execution_duration_seconds", "Time from start to end of executions", ["state"]);
  bus.subscribe(({ type, data }) => {
    if (type !== "execution.ended") return;
    const { state, durationMs } = data as { state: string; durationMs?: number | null };
    took({ state }, (durationMs ?? 0) / 1000);
  });

  composeProviderMetrics(metrics, providers);
  return metrics;
}

function composeProviderMetrics(metrics: Metrics, providers: MetricsOptions["providers"]): void {
  metrics.gauge("gantry_calls_in_flight", "Calls whose callers wait for an answer", [], () => [
    { value: providers.counts().callsInFlight },
  ]);
  metrics.gauge("gantry_calls_waiting", "Calls that wait for a free slot", [], () => [{ value: providers.counts().callsWaiting }]);
  metrics.gauge("gantry_call_retries_left", "Second tries that the retry budget still allows", [], () => [
    { value: providers.calls.retriesLeft },
  ]);

  const eachProvider = (value: (provider: ProviderSummary) => number) => () =>
    providers.list().map((provider) => ({ labels: { provider: provider.name }, value: value(provider) }));
  metrics.gauge(
    "gantry_provider_up",
    "1 while an instance of the provider takes calls",
    ["provider"],
    eachProvider(({ state }) => (state === "ready" || state === "degraded" ? 1 : 0)),
  );
  metrics.gauge(
    "gantry_provider_instances",
    "Connected instances of the provider",
    ["provider"],
    eachProvider(({ instances }) => instances),
  );
  metrics.gauge(
    "gantry_provider_waiting",
    "Calls that wait for this provider by name",
    ["provider"],
    eachProvider(({ waiting }) => waiting),
  );
  metrics.counter(
    "gantry_provider_restarts_total",
    "Starts after the first of providers that the daemon runs",
    ["provider"],
    eachProvider(({ supervision = [] }) => supervision.reduce((sum, { restarts }) => sum + restarts, 0)),
  );

  const labels = ["provider", "instance"];
  const eachInstance = (read: (info: ProviderInstanceInfo) => number | undefined) => () =>
    providers.list().flatMap(({ name, instances }) => {
      if (instances === 0) return [];
      return providers.get(name).instances.flatMap((info) => {
        const value = read(info);
        return value === undefined ? [] : [{ labels: { provider: name, instance: info.instance }, value }];
      });
    });
  const seconds = (milliseconds: number | undefined) => (milliseconds === undefined ? undefined : milliseconds / 1000);
  metrics.gauge(
    "gantry_provider_in_flight",
    "Calls that hold a slot of the instance",
    labels,
    eachInstance(({ inflight }) => inflight),
  );
  metrics.gauge(
    "gantry_provider_concurrency",
    "Slots of the instance",
    labels,
    eachInstance(({ concurrency }) => concurrency),
  );
  metrics.counter(
    "gantry_provider_calls_total",
    "Calls sent to the instance since it connected",
    labels,
    eachInstance(({ calls }) => calls),
  );
  metrics.counter(
    "gantry_provider_failures_total",
    "Calls that failed at the instance",
    labels,
    eachInstance(({ failures }) => failures),
  );
  metrics.counter(
    "gantry_provider_malformed_total",
    "Messages of the instance that made no sense",
    labels,
    eachInstance(({ malformed }) => malformed),
  );
  metrics.gauge(
    "gantry_provider_first_answer_seconds",
    "Smoothed time to the first answer",
    labels,
    eachInstance(({ latencyMs }) => seconds(latencyMs)),
  );
  metrics.gauge(
    "gantry_provider_call_seconds",
    "Smoothed time to the end of a call",
    labels,
    eachInstance(({ durationMs }) => seconds(durationMs)),
  );
  metrics.gauge(
    "gantry_provider_breakers_open",
    "Methods that are not sent to the instance because they kept failing",
    labels,
    eachInstance(({ breakers }) => breakers.length),
  );
}
