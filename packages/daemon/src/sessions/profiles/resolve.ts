/** Joins the built-in profiles with those of the configuration. */
import { GantryError, type ProfileConfiguration } from "@gantry/contract";

import { nearest } from "../../core/nearest.ts";
import { compilePattern } from "../../core/pattern.ts";
import { builtInProfiles } from "./built-in.ts";
import type { ProfileDefinition } from "./definition.ts";

export interface ResolvedProfile extends ProfileDefinition {
  source: "builtIn" | "configuration";
  extends: string | null;
}

/** Throws configurationInvalid for an unknown base, a circle, a missing binary, and patterns that are none. */
export function resolveProfiles(
  configured: Readonly<Record<string, ProfileConfiguration>>,
  shell: string,
): ReadonlyMap<string, ResolvedProfile> {
  const builtIn = new Map(builtInProfiles(shell).map((profile) => [profile.name, profile]));
  const resolved = new Map<string, ResolvedProfile>();

  const resolve = (name: string, from: readonly string[]): ResolvedProfile => {
    const known = resolved.get(name);
    if (known !== undefined) return known;
    if (from.includes(name)) throw invalid(from[0] as string, `extends itself: ${[...from, name].join(" → ")}`);
    const table = configured[name];
    const own = builtIn.get(name);
    if (table === undefined) {
      if (own !== undefined) return { ...own, source: "builtIn", extends: null };
      const user = from.at(-1) as string;
      const [suggestion] = nearest(name, [...builtIn.keys(), ...Object.keys(configured)]);
      const hint = suggestion === undefined ? `There are ${[...builtIn.keys()].join(", ")}` : `Did you mean ${suggestion}?`;
      throw invalid(user, `extends ${name}, which is no profile. ${hint}`);
    }
    const baseName = table.extends ?? (own === undefined ? undefined : name);
    const base = baseName === undefined ? undefined : baseName === name ? own : resolve(baseName, [...from, name]);
    if (base === undefined && baseName !== undefined) throw invalid(name, "extends itself, and there is no built-in profile of that name");
    const profile = merge(name, table, base);
    resolved.set(name, { ...profile, source: "configuration", extends: baseName ?? null });
    return resolved.get(name) as ResolvedProfile;
  };
  return new Map([...new Set([...builtIn.keys(), ...Object.keys(configured)])].map((name) => [name, resolve(name, [])]));
}

function merge(name: string, table: ProfileConfiguration, base: ProfileDefinition | undefined): ProfileDefinition {
  if (base === undefined && table.binary === undefined) throw invalid(name, "needs binary, or extends to say which profile it changes");
  for (const [index, { match }] of table.rules.entries()) {
    try {
      compilePattern(match);
    } catch (cause) {
      throw invalid(name, `rules[${index}].match ${JSON.stringify(match)} is no RE2 pattern: ${(cause as Error).message}`, cause);
    }
  }
  const start: ProfileDefinition = base ?? {
    name,
    binary: table.binary as string,
    install: `put ${table.binary} on the PATH of the daemon, or give its absolute path as binary`,
    help: [],
    args: [],
    optionalArgs: [],
    env: {},
    kind: "agent",
    rules: [],
    interruptKey: "ctrl-c",
  };
  return {
    ...start,
    name,
    ...(table.binary === undefined ? {} : { binary: table.binary, places: undefined }),
    ownArgs: [...(start.ownArgs ?? []), ...(table.args ?? [])],
    env: { ...start.env, ...table.env },
    rules: [...table.rules, ...start.rules],
    alwaysFullAccess: table.fullAccess || start.alwaysFullAccess,
  };
}

function invalid(name: string, what: string, cause?: unknown): GantryError {
  return new GantryError("configurationInvalid", `[profile.${name}] ${what}.`, { cause, details: { key: `profile.${name}` } });
}
