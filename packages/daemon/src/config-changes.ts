/** How one configuration differs from another, and putting the part of it into force that needs no restart. */
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";

import { type Configuration, type ConfigurationChange, isReloadable } from "@gantry/contract";

import type { ConfigValue, LoadedConfig } from "./config.ts";
import { concealAt } from "./config-secrets.ts";

type Tree = Record<string, unknown>;

/** Those tables have entries that are whole things of a name. */
const namedTables = new Set(["queue", "command", "schedule", "provider", "profile"]);

interface Difference {
  path: string[];
  before: unknown;
  after: unknown;
}

export function changesBetween(before: Configuration, after: Configuration): ConfigurationChange[] {
  return differences(before, after, []).map((one): ConfigurationChange => {
    const key = one.path.join(".");
    const shown = { before: concealAt(before, one.path, one.before), after: concealAt(after, one.path, one.after) };
    return {
      key,
      change: one.before === undefined ? "added" : one.after === undefined ? "removed" : "changed",
      ...(shown.before === undefined ? {} : { before: shown.before }),
      ...(shown.after === undefined ? {} : { after: shown.after }),
      effect: isReloadable(key) ? "applied" : "restart",
    };
  });
}

function differences(before: Tree, after: Tree, path: string[]): Difference[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].flatMap((name): Difference[] => {
    const [was, is] = [before[name], after[name]];
    const inner = [...path, name];
    if (isDeepStrictEqual(was, is)) return [];
    if (isTable(was) && isTable(is)) return differences(was, is, inner);
    return [{ path: inner, before: was, after: is }];
  });
}

/** Changes the configuration in place, so that whoever holds a table of it has what is in force; what needs a restart stays as it is. */
export function putInForce(loaded: LoadedConfig, next: LoadedConfig): void {
  copy(loaded.config, next.config, []);
  const staying = new Map(loaded.values.filter(({ key }) => !isReloadable(key)).map((value) => [value.key, value]));
  const values = next.values.map((value): ConfigValue => staying.get(value.key) ?? value);
  Object.assign(loaded, { configFile: next.configFile, values });
}

function copy(target: Tree, source: Tree, path: string[]): void {
  for (const name of new Set([...Object.keys(target), ...Object.keys(source)])) {
    const inner = [...path, name];
    const [was, is] = [target[name], source[name]];
    const isOneThing = path.length === 1 && namedTables.has(path[0] as string);
    if (isTable(was) && isTable(is) && !isOneThing) copy(was, is, inner);
    else if (!isReloadable(inner.join("."))) continue;
    else if (is === undefined) delete target[name];
    else target[name] = is;
  }
}

export function configHash(config: Configuration): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(config)))
    .digest("hex");
}

/** A reload changes tables in place: the order of their keys says nothing. */
function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, inner]) => [name, sorted(inner)]),
  );
}

function isTable(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
