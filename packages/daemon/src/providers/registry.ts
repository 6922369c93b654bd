/** Who is connected: names, their instances, and what each offers. Keeps a memory of names that left, so that they are "offline", not unknown. */
import type { ProviderMethod, ProviderType, RegisterMessage } from "@gantry/contract";
import { LRUCache } from "lru-cache";

import type { Breaker } from "./breaker.ts";
import type { CheckParams } from "./method-schema.ts";
import type { Pace } from "./pace.ts";
import type { InstanceState } from "./state.ts";

export interface InstanceMethod extends ProviderMethod {
  /** Absent when the method declares no input schema. */
  checkParams: CheckParams | undefined;
}

/** What the rest of the room may do with the connection of an instance. */
export interface InstanceLink {
  emit(event: string, message: unknown): void;
  /** Asks with an acknowledgement; rejects when the connection ends first or the time is over. */
  ask(event: string, message: unknown, timeoutMs: number): Promise<unknown>;
  /** Ends the connection; its calls are settled as lost for this reason. */
  evict(reason: string): void;
}

export interface CallStats {
  calls: number;
  failures: number;
}

/** One connected process of a provider. */
export interface ProviderInstance {
  readonly name: string;
  readonly instance: string;
  readonly epoch: number;
  readonly link: InstanceLink;
  /** `socket` unless the daemon runs the provider itself. */
  readonly type: ProviderType;
  readonly connectedAt: number;
  /** `name/instance`, as errors and logs show it. */
  readonly label: string;
  document: RegisterMessage;
  methods: Map<string, InstanceMethod>;
  state: InstanceState;
  detail: string | undefined;
  concurrency: number;
  weight: number;
  inflight: number;
  /** Outlives the connection: a call that is lost with it still counts. */
  readonly stats: CallStats;
  pace: Pace;
  /** By method; one is made at a method's first failure. */
  readonly breakers: Map<string, Breaker>;
  /** The instance's own word on its load: calls that others gave it, and how many wait in it. */
  hint: LoadHint | undefined;
  /** Speaks the protocol of before; used only when nobody else offers the same. */
  readonly isOlder: boolean;
  malformed: number;
}

export interface LoadHint {
  others: number;
  queue: number;
  /** On the monotonic clock. */
  at: number;
}

export interface OfflineProvider {
  document: RegisterMessage;
  since: number;
  reason: string;
  stats: CallStats;
}

export interface Provider {
  readonly name: string;
  readonly instances: Map<string, ProviderInstance>;
  since: number;
}

export interface Registry {
  add(instance: ProviderInstance): void;
  /** Re-indexes an instance whose document was replaced. */
  update(instance: ProviderInstance, document: RegisterMessage, methods: Map<string, InstanceMethod>): void;
  remove(instance: ProviderInstance, now: number, reason: string): void;
  /** Of a name that left, nothing is remembered any more. */
  forget(name: string): void;
  provider(name: string): Provider | undefined;
  offline(name: string): OfflineProvider | undefined;
  providers(): Iterable<Provider>;
  offlineProviders(): Iterable<[string, OfflineProvider]>;
  names(): string[];
  /** Why a configured provider that was never here is not; undefined for a name that nobody declared. */
  whyAbsent(name: string): string | undefined;
  byModel: ReadonlyMap<string, ReadonlySet<ProviderInstance>>;
  byCapability: ReadonlyMap<string, ReadonlySet<ProviderInstance>>;
}

/** Long enough to see in a list why something is missing; short enough that a renamed provider fades. */
const offlineMemory = { max: 500, ttl: 60 * 60 * 1000 };

export function createRegistry(whyAbsent: (name: string) => string | undefined = () => undefined): Registry {
  const providers = new Map<string, Provider>();
  const offline = new LRUCache<string, OfflineProvider>(offlineMemory);
  const byModel = new Map<string, Set<ProviderInstance>>();
  const byCapability = new Map<string, Set<ProviderInstance>>();

  const index = (instance: ProviderInstance) => {
    for (const model of instance.document.models) addTo(byModel, model.id, instance);
    for (const capability of instance.document.capabilities) addTo(byCapability, capability, instance);
  };
  const unindex = (instance: ProviderInstance) => {
    for (const model of instance.document.models) dropFrom(byModel, model.id, instance);
    for (const capability of instance.document.capabilities) dropFrom(byCapability, capability, instance);
  };

  return {
    add(instance) {
      const known = providers.get(instance.name);
      const provider = known ?? { name: instance.name, instances: new Map(), since: instance.connectedAt };
      provider.instances.set(instance.instance, instance);
      provider.since = instance.connectedAt;
      providers.set(instance.name, provider);
      offline.delete(instance.name);
      index(instance);
    },
    update(instance, document, methods) {
      unindex(instance);
      instance.document = document;
      instance.methods = methods;
      instance.concurrency = document.capacity.concurrency;
      instance.weight = document.capacity.weight;
      index(instance);
    },
    remove(instance, now, reason) {
      const provider = providers.get(instance.name);
      // A newer connection may already have taken the name of this instance.
      if (provider?.instances.get(instance.instance) !== instance) return;
      unindex(instance);
      provider.instances.delete(instance.instance);
      provider.since = now;
      if (provider.instances.size > 0) return;
      providers.delete(instance.name);
      const { document, stats } = instance;
      offline.set(instance.name, { document, since: now, reason, stats });
    },
    forget: (name) => void offline.delete(name),
    provider: (name) => providers.get(name),
    offline: (name) => offline.get(name),
    providers: () => providers.values(),
    offlineProviders: () => offline.entries(),
    names: () => [...providers.keys(), ...offline.keys()],
    whyAbsent,
    byModel,
    byCapability,
  };
}

function addTo(map: Map<string, Set<ProviderInstance>>, key: string, instance: ProviderInstance): void {
  const known = map.get(key);
  if (known) known.add(instance);
  else map.set(key, new Set([instance]));
}

function dropFrom(map: Map<string, Set<ProviderInstance>>, key: string, instance: ProviderInstance): void {
  const known = map.get(key);
  known?.delete(instance);
  if (known?.size === 0) map.delete(key);
}
