/** Chooses who gets a call. */
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

/** A degraded instance is used only when the others are this many times as loaded. */
const degradedPenalty = 8;

/** Lower is better. One place for the cost of an instance, so that measured latency can join load and weight here. */
function cost(instance: ProviderInstance): number {
  return ((instance.inflight + 1) / instance.weight) * (instance.state === "degraded" ? degradedPenalty : 1);
}

/**
 * The cheapest instance that can serve and has a free slot. Ties go round: `turn` rises with every choice, so that
 * idle equals share the work and one of them is not always first.
 */
export function choose(
  instances: Iterable<ProviderInstance>,
  method: string,
  turn: number,
  except: ProviderInstance | undefined,
): ProviderInstance | undefined {
  let best: ProviderInstance | undefined;
  let bestCost = Number.POSITIVE_INFINITY;
  let ties = 0;
  for (const instance of instances) {
    if (instance === except || instance.inflight >= instance.concurrency || !canServe(instance, method)) continue;
    const price = cost(instance);
    if (price < bestCost) {
      best = instance;
      bestCost = price;
      ties = 1;
    } else if (price === bestCost) {
      ties += 1;
      // Reservoir of one: the k-th equal replaces the best on its turn.
      if (turn % ties === 0) best = instance;
    }
  }
  return best;
}
