/** The figures of this process for Prometheus: rooms are read when somebody asks, so that counting costs nothing in between. */
import { createRequire } from "node:module";

import type * as promClient from "prom-client";

export interface Sample {
  labels?: Record<string, string>;
  value: number;
}

export interface Metrics {
  /** What is now; read at each scrape. */
  gauge(name: string, help: string, labels: readonly string[], read: () => Iterable<Sample> | Promise<Iterable<Sample>>): void;
  /** What only rises, counted elsewhere; read at each scrape. */
  counter(name: string, help: string, labels: readonly string[], read: () => Iterable<Sample> | Promise<Iterable<Sample>>): void;
  /** Notes how long something took, in seconds. */
  histogram(name: string, help: string, labels: readonly string[]): (labels: Record<string, string>, seconds: number) => void;
  /** In Prometheus' text format. */
  text(): Promise<string>;
}

/** From a call inside one machine to an agent's long turn. */
const secondsBuckets = [0.001, 0.005, 0.025, 0.1, 0.5, 1, 5, 30, 120, 600];

export function createMetrics(): Metrics {
  type Client = typeof promClient;
  type Registry = InstanceType<Client["Registry"]>;
  const pending: ((client: Client, registry: Registry) => void)[] = [];
  let loaded: { client: Client; registry: Registry } | undefined;
  /** With the first figure or the first scrape: its own measuring wakes the process a hundred times a second. */
  const load = (): { client: Client; registry: Registry } => {
    if (loaded !== undefined) return loaded;
    const client = createRequire(import.meta.url)("prom-client") as Client;
    const registry = new client.Registry();
    client.collectDefaultMetrics({ register: registry });
    // They count from here; what was used before belongs to the process as well.
    const { user, system } = process.cpuUsage();
    for (const [name, microseconds] of Object.entries({ user, system, total: user + system })) {
      const metric = registry.getSingleMetric(name === "total" ? "process_cpu_seconds_total" : `process_cpu_${name}_seconds_total`);
      if (metric instanceof client.Counter) metric.inc(microseconds / 1e6);
    }
    loaded = { client, registry };
    for (const register of pending) register(client, registry);
    return loaded;
  };
  const readAtScrape =
    (kind: "Gauge" | "Counter"): Metrics["gauge"] =>
    (name, help, labelNames, read) => {
      pending.push((client, registry) => {
        const metric = new client[kind]({
          name,
          help,
          labelNames,
          registers: [],
          async collect() {
            this.reset();
            for (const { labels = {}, value } of await read()) this.inc(labels, value);
          },
        });
        registry.registerMetric(metric);
      });
    };
  return {
    gauge: readAtScrape("Gauge"),
    counter: readAtScrape("Counter"),
    histogram(name, help, labelNames) {
      let observe: ((labels: Record<string, string>, seconds: number) => void) | undefined;
      pending.push((client, registry) => {
        const histogram = new client.Histogram({ name, help, labelNames, registers: [registry], buckets: secondsBuckets });
        observe = (labels, seconds) => histogram.observe(labels, seconds);
      });
      return (labels, seconds) => {
        load();
        observe?.(labels, seconds);
      };
    },
    text: () => load().registry.metrics(),
  };
}
