/** Chooses who gets a call: of two at random the one that is less loaded and faster, or the one that an affinity key points to. */
import { peakNow } from "./pace.ts";
import type { ProviderInstance } from "./registry.ts";

/** By provider name, or by what must be offered. */
export type Route = { provider: string } | { model: string } | { capability: string };

/** Names the route in messages, and what a waiting call waits for. */
export function describeRoute(route: Route): string {
  if ("provider" in route) return `provider ${route.provider}`;
  return "model" in route ? `model ${route.model}` : `capability ${route.capability}`;
}

/** The routes that an instance serves, by name. */
export function* routeKeysOf({ name, document }: ProviderInstance): Iterable<string> {
  yield describeRoute({ provider: name });
  for (const { id } of document.models) yield describeRoute({ model: id });
  for (const capability of document.capabilities) yield describeRoute({ capability });
}

/** Takes new calls and has the method; says nothing about free slots. */
export function canServe(instance: ProviderInstance, method: string): boolean {
  return (instance.state === "ready" || instance.state === "degraded") && instance.methods.has(method);
}

/** False while the method's breaker is open on this instance. */
export function isAdmitted({ breakers }: ProviderInstance, method: string, now: number): boolean {
  return breakers.size === 0 || breakers.get(method)?.admits(now) !== false;
}

/** True when so many breakers are open that the fault is probably not the instances' own: then they are ignored. */
export function mostAreOpen(instances: Iterable<ProviderInstance>, method: string, now: number): boolean {
  let open = 0;
  let all = 0;
  for (const instance of instances) {
    if (!canServe(instance, method)) continue;
    all += 1;
    if (!isAdmitted(instance, method, now)) open += 1;
  }
  return open * 2 > all;
}

export interface Choice {
  method: string;
  now: number;
  /** From 0 up to 1. */
  random(): number;
  affinity?: string | undefined;
  /** Already tried. */
  except?: ProviderInstance | undefined;
}

/** An instance that can serve and has a free slot; undefined when there is none. */
export function choose(instances: Iterable<ProviderInstance>, choice: Choice): ProviderInstance | undefined {
  const { affinity, method, now } = choice;
  if (affinity !== undefined) {
    const favourite = favouriteOf(instances, choice, affinity, mostAreOpen(instances, method, now));
    if (favourite !== undefined) return favourite;
  }
  const admitted = drawTwo(instances, choice, false);
  // Open breakers are asked about only when there are some.
  return isShunning(instances) && mostAreOpen(instances, method, now) ? drawTwo(instances, choice, true) : admitted;
}

function isShunning(instances: Iterable<ProviderInstance>): boolean {
  for (const { breakers } of instances) if (breakers.size > 0) return true;
  return false;
}

/** The cheaper of two that are drawn from all with the same chance, in one pass and without a list. Newer protocols go before older ones. */
function drawTwo(instances: Iterable<ProviderInstance>, choice: Choice, ignoreBreakers: boolean): ProviderInstance | undefined {
  const { method, now, except } = choice;
  let first: ProviderInstance | undefined;
  let second: ProviderInstance | undefined;
  let seen = 0;
  for (const instance of instances) {
    if (instance === except || instance.inflight >= instance.concurrency || !canServe(instance, method)) continue;
    if (!ignoreBreakers && !isAdmitted(instance, method, now)) continue;
    if (first !== undefined && instance.isOlder !== first.isOlder) {
      if (instance.isOlder) continue;
      first = undefined;
      second = undefined;
      seen = 0;
    }
    seen += 1;
    if (first === undefined) first = instance;
    else if (second === undefined) second = instance;
    else {
      const place = Math.floor(choice.random() * seen);
      if (place === 0) first = instance;
      else if (place === 1) second = instance;
    }
  }
  return cheaper(first, second, choice);
}

/** A degraded instance is used only when the other is this many times as loaded. */
const degradedPenalty = 8;
/** Below this, differences are the noise of one machine. */
const finestMs = 1;

function cheaper(
  one: ProviderInstance | undefined,
  other: ProviderInstance | undefined,
  { now, random }: Choice,
): ProviderInstance | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  const oneMs = peakNow(one.pace, now);
  const otherMs = peakNow(other.pace, now);
  // What has not been measured is taken to be like the other: neither flooded nor shunned.
  const onePrice = loadOf(one, now) * Math.max(finestMs, oneMs || otherMs);
  const otherPrice = loadOf(other, now) * Math.max(finestMs, otherMs || oneMs);
  if (onePrice !== otherPrice) return onePrice < otherPrice ? one : other;
  if (rank(one) !== rank(other)) return rank(one) > rank(other) ? one : other;
  // The sooner it is known, the sooner calls go by what is known instead of by chance.
  if ((oneMs === 0) !== (otherMs === 0)) return oneMs === 0 ? one : other;
  return random() < 0.5 ? one : other;
}

/** On a tie, what dialled in by itself goes before what the daemon runs. */
function rank({ type }: ProviderInstance): number {
  return type === "socket" ? 1 : 0;
}

/** How old a provider's own word on its load may be. */
const hintLifeMs = 30_000;

function loadOf({ inflight, weight, state, hint }: ProviderInstance, now: number): number {
  const elsewhere = hint !== undefined && now - hint.at < hintLifeMs ? hint.others + hint.queue : 0;
  return ((inflight + elsewhere + 1) / weight) * (state === "degraded" ? degradedPenalty : 1);
}

/** The favourite may be this much busier than the mean before its caches are no longer worth the wait. */
const affinitySlack = 4;
const affinityShare = 1.25;

/** The instance with the highest hash of key and name: when one comes or goes, only its own keys move (rendezvous hashing). */
function favouriteOf(
  instances: Iterable<ProviderInstance>,
  { method, now, except }: Choice,
  affinity: string,
  ignoreBreakers: boolean,
): ProviderInstance | undefined {
  let best: ProviderInstance | undefined;
  let bestHash = -1;
  let load = 0;
  let count = 0;
  for (const instance of instances) {
    if (instance === except || instance.isOlder || instance.state !== "ready" || !instance.methods.has(method)) continue;
    if (!ignoreBreakers && !isAdmitted(instance, method, now)) continue;
    count += 1;
    load += instance.inflight / instance.weight;
    const hash = hashOf(`${affinity}\n${instance.label}`);
    if (hash > bestHash) {
      best = instance;
      bestHash = hash;
    }
  }
  if (best === undefined || best.inflight >= best.concurrency) return undefined;
  return (best.inflight + 1) / best.weight <= affinitySlack + affinityShare * (load / count) ? best : undefined;
}

/** FNV-1a with the last steps of MurmurHash3, so that names that differ in one digit land apart. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
