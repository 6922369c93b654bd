/** Lists every provider there is: connected, known from earlier, or only configured. */
import type { ProviderConfiguration, ProviderDetail, ProviderKind, ProviderSummary, ProviderType } from "@gantry/contract";

import { type Clock, toTimestamp } from "../core/clock.ts";
import type { CallEngine } from "./calls.ts";
import type { ManagedProviders } from "./managed/managed-providers.ts";
import type { Registry } from "./registry.ts";
import { detailOf, offlineDetail, summarize } from "./views.ts";

interface ViewsParts {
  registry: Registry;
  calls: Pick<CallEngine, "waitingFor">;
  managed: ManagedProviders;
  clock: Clock;
  /** Since when a configured provider that never came up has been away. */
  startedAt: number;
}

export interface Views {
  list(): ProviderSummary[];
  /** Undefined when nobody of that name was ever here. */
  get(name: string): ProviderDetail | undefined;
}

export function createViews({ registry, calls, managed, clock, startedAt }: ViewsParts): Views {
  const typeOf = (name: string): ProviderType => managed.settings(name)?.type ?? "socket";

  const find = (name: string): ProviderDetail | undefined => {
    const provider = registry.provider(name);
    if (provider) return detailOf(provider, calls.waitingFor(name), clock.monotonic());
    const left = registry.offline(name);
    if (left) return offlineDetail(name, typeOf(name), left);
    const settings = managed.settings(name);
    return settings && neverSeen(name, settings, toTimestamp(startedAt));
  };

  const get = (name: string): ProviderDetail | undefined => {
    const detail = find(name);
    const supervision = managed.supervision(name);
    if (detail === undefined || supervision === undefined) return detail;
    const lastEnd = supervision.findLast((instance) => instance.lastEnd !== undefined)?.lastEnd;
    return { ...detail, supervision, ...(detail.state === "offline" && lastEnd !== undefined ? { lastReason: lastEnd } : {}) };
  };

  return {
    get,
    list() {
      const names = new Set([...registry.names(), ...managed.names()]);
      return [...names].sort().flatMap((name) => {
        const detail = get(name);
        return detail === undefined ? [] : [summarize(detail)];
      });
    },
  };
}

const kindOfType: Record<ProviderType, ProviderKind> = { mcp: "mcp", openai: "llm", cli: "llm", process: "service", socket: "service" };

function neverSeen(name: string, { type, description }: ProviderConfiguration, since: string): ProviderDetail {
  return {
    name,
    type,
    kind: kindOfType[type],
    state: "offline",
    version: "0.0.0",
    ...(description === undefined ? {} : { description }),
    methods: [],
    models: [],
    capabilities: [],
    instances: [],
    inflight: 0,
    waiting: 0,
    openBreakers: 0,
    calls: 0,
    failures: 0,
    since,
    lastReason: type === "socket" ? "it has not connected yet" : "it has not been started yet",
  };
}
