/** The figures of this process for Prometheus: rooms are read when somebody asks, so that counting costs nothing in between. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

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
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    gauge(name, help, labelNames, read) {
      const metric = new Gauge({
        name,
        help,
        labelNames,
        registers: [],
        async collect() {
          this.reset();
          for (const { labels = {}, value } of await read()) this.set(labels, value);
        },
      });
      registry.registerMetric(metric);
    },
    counter(name, help, labelNames, read) {
      const metric = new Counter({
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
    },
    histogram(name, help, labelNames) {
      const histogram = new Histogram({ name, help, labelNames, registers: [registry], buckets: secondsBuckets });
      return (labels, seconds) => histogram.observe(labels, seconds);
    },
    text: () => registry.metrics(),
  };
}
