/** Measures how busy this process is, as the difference since the last time anybody asked. */
import { monitorEventLoopDelay } from "node:perf_hooks";

import type { InstanceStatus } from "@gantry/contract";

import type { Clock } from "../core/clock.ts";

export interface LoadMeter {
  read(): InstanceStatus["load"];
  close(): void;
}

const resolutionMs = 20;

export function createLoadMeter(clock: Clock): LoadMeter {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  let cpu = process.cpuUsage();
  let sinceMs = clock.monotonic();
  return {
    read() {
      const { user, system } = process.cpuUsage(cpu);
      const elapsedMs = Math.max(1, clock.monotonic() - sinceMs);
      cpu = process.cpuUsage();
      sinceMs = clock.monotonic();
      const { rss, heapUsed } = process.memoryUsage();
      // The histogram counts from timer to timer, its own interval included.
      const eventLoopDelayMs = delay.count === 0 ? 0 : Math.max(0, delay.percentile(99) / 1e6 - resolutionMs);
      delay.reset();
      return {
        rssBytes: rss,
        heapUsedBytes: heapUsed,
        cpuPercent: round((user + system) / 10 / elapsedMs),
        eventLoopDelayMs: round(eventLoopDelayMs),
      };
    },
    close: () => delay.disable(),
  };
}

const round = (value: number) => Math.round(value * 10) / 10;
