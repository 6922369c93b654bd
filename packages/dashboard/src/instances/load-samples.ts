/** The instance's load while this page is open: asked every two seconds, kept for fifteen minutes. */
import type { InstanceStatus } from "@gantry/contract";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useSyncExternalStore } from "react";

import { useAccess } from "../access/access.tsx";

const intervalMs = 2_000;
const keptSamples = (15 * 60_000) / intervalMs;

export interface LoadSample {
  timeMs: number;
  cpuPercent: number;
  rssBytes: number;
  heapUsedBytes: number;
  eventLoopDelayMs: number;
  executionsRunning: number;
  executionsQueued: number;
  /** Accepted since the sample before. */
  executionsStarted: number;
}

let samples: readonly LoadSample[] = [];
let last: InstanceStatus | undefined;
const listeners = new Set<() => void>();

function keep(status: InstanceStatus): void {
  const before = last;
  last = status;
  // The first answer of a daemon's life measures a time when nobody looked; it is only what the next one is compared with.
  if (before?.startedAt !== status.startedAt) return;
  const { load, executions } = status;
  const sample: LoadSample = {
    timeMs: Date.now(),
    ...load,
    executionsRunning: executions.running,
    executionsQueued: executions.queued,
    executionsStarted: Math.max(0, executions.total - before.executions.total),
  };
  samples = [...samples.slice(1 - keptSamples), sample];
  for (const listener of listeners) listener();
}

export function useStatus() {
  const { client } = useAccess();
  return useQuery({ queryKey: ["status"], queryFn: () => client.instances.status(), refetchInterval: intervalMs, staleTime: 0 });
}

/** Mounted once, in the shell, so that charts have a past when they are looked at. */
export function useLoadSampling(): void {
  const { data } = useStatus();
  useEffect(() => {
    if (data !== undefined) keep(data);
  }, [data]);
}

export function useLoadSamples(): readonly LoadSample[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => samples,
  );
}
