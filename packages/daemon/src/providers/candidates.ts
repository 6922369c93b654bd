/** Who could serve a route, and a helpful refusal when nobody can. */
import { GantryError } from "@gantry/contract";

import { nearest } from "../core/nearest.ts";
import type { ProviderInstance, Registry } from "./registry.ts";
import { describeRoute, type Route } from "./routing.ts";

const none: readonly ProviderInstance[] = [];

/** Can be gone through more than once. */
export function candidatesOf(registry: Registry, route: Route): Iterable<ProviderInstance> {
  if ("provider" in route) {
    const instances = registry.provider(route.provider)?.instances;
    return instances === undefined ? none : { [Symbol.iterator]: () => instances.values() };
  }
  return ("model" in route ? registry.byModel.get(route.model) : registry.byCapability.get(route.capability)) ?? none;
}

/** Undefined when somebody has the method and takes calls, busy or not. */
export function nobodyServes(registry: Registry, route: Route, method: string): GantryError | undefined {
  const methods = new Set<string>();
  let connected = 0;
  let draining = 0;
  for (const instance of candidatesOf(registry, route)) {
    connected += 1;
    for (const name of instance.methods.keys()) methods.add(name);
    if (!instance.methods.has(method)) continue;
    if (instance.state === "ready" || instance.state === "degraded") return undefined;
    draining += 1;
  }
  if (draining > 0) {
    return new GantryError(
      "unavailable",
      `${nameOf(route)} is draining and takes no new calls. Try again when another instance is connected.`,
    );
  }
  if (connected > 0) return unknownName(`method ${method}`, ` of ${describeRoute(route)}`, method, methods);
  return unknownRoute(registry, route);
}

export function unknownProvider(registry: Registry, name: string): GantryError {
  return unknownName(`provider ${name}`, "", name, registry.names());
}

function unknownRoute(registry: Registry, route: Route): GantryError {
  if ("model" in route) return unknownName(`model ${route.model}`, "", route.model, registry.byModel.keys());
  if ("capability" in route) return unknownName(`capability ${route.capability}`, "", route.capability, registry.byCapability.keys());
  const absent = registry.whyAbsent(route.provider);
  if (absent !== undefined) {
    return new GantryError("unavailable", `Provider ${route.provider} is configured but not up: ${absent}. Nothing was sent.`);
  }
  const offline = registry.offline(route.provider);
  if (offline === undefined) return unknownProvider(registry, route.provider);
  return new GantryError(
    "unavailable",
    `Provider ${route.provider} is offline since ${new Date(offline.since).toISOString()} (${offline.reason}). Nothing was sent. Start it and try again.`,
  );
}

function nameOf(route: Route): string {
  if ("provider" in route) return `Provider ${route.provider}`;
  return "model" in route ? `Model ${route.model}` : `Capability ${route.capability}`;
}

const maxListed = 12;

function unknownName(what: string, ofWhat: string, given: string, known: Iterable<string>): GantryError {
  const names = [...known].sort();
  const suggestions = nearest(given, names);
  let hint = "There is none yet.";
  if (suggestions.length > 0) hint = `Did you mean ${suggestions.join(" or ")}?`;
  else if (names.length > 0) hint = `Known: ${names.slice(0, maxListed).join(", ")}${names.length > maxListed ? ", …" : ""}.`;
  return new GantryError("notFound", `There is no ${what}${ofWhat}. ${hint}`, {
    details: { suggestions, known: names.slice(0, maxListed) },
  });
}
