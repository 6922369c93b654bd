/** Reads the configuration: flags over environment over the nearest gantry.toml over the user's file over defaults, remembering where each value came from. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { Configuration, defaultQueue, GantryError } from "@gantry/contract";
import { parse, TomlError } from "smol-toml";
import type { z } from "zod";

import { nearest } from "./core/nearest.ts";
import { checkProviderSettings } from "./providers/managed/check-settings.ts";
import { parseTiming } from "./schedules/timing.ts";
import { resolveProfiles } from "./sessions/profiles/resolve.ts";

export interface ConfigSources {
  /** Dotted keys, such as `daemon.port`, as given on the command line. */
  flags: Readonly<Record<string, unknown>>;
  env: Readonly<Record<string, string | undefined>>;
  workingDirectory: string;
  userConfigFile: string;
  /** Named with --config; replaces the search for a project file. */
  configFile?: string | undefined;
}

export interface ConfigValue {
  key: string;
  value: unknown;
  origin: string;
}

export interface LoadedConfig {
  config: Configuration;
  /** The project's file, when there is one: relative paths in the configuration are relative to its folder. */
  configFile: string | undefined;
  baseDirectory: string;
  values: ConfigValue[];
}

type Tree = Record<string, unknown>;

/** Throws GantryError configurationInvalid that names the file, the line where it can, and what is allowed. */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const configFile =
    sources.configFile === undefined ? findProjectFile(sources.workingDirectory) : resolve(sources.workingDirectory, sources.configFile);
  if (sources.configFile !== undefined && !existsSync(configFile as string)) {
    throw new GantryError("configurationInvalid", `There is no configuration file ${configFile}. Create it, or leave out --config.`);
  }
  const layers: { origin: (key: string) => string; tree: Tree }[] = [];
  for (const file of [sources.userConfigFile, configFile]) {
    if (file !== undefined && existsSync(file)) layers.push({ origin: () => file, tree: readToml(file) });
  }
  layers.push({ origin: (key) => environmentName(key), tree: environmentTree(sources.env) });
  layers.push({ origin: (key) => flagName(key), tree: unflatten(sources.flags) });

  const merged: Tree = {};
  const origins = new Map<string, string>();
  for (const layer of layers) {
    // Each layer is checked by itself, so that the message can name the file that is wrong.
    check(layer.tree, layer.origin);
    merge(merged, layer.tree, "", (key) => origins.set(key, layer.origin(key)));
  }
  const config = Configuration.parse(merged);
  checkQueueNames(config, (key) => originOf(key, origins));
  checkSchedules(config, (key) => originOf(key, origins));
  checkProfiles(config, (key) => originOf(key, origins));
  checkProviders(config, (key) => originOf(key, origins));
  return {
    config,
    configFile,
    baseDirectory: configFile === undefined ? sources.workingDirectory : dirname(configFile),
    values: flatten(config).map(({ key, value }) => ({ key, value, origin: originOf(key, origins) })),
  };
}

function findProjectFile(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, "gantry.toml");
    if (existsSync(file)) return file;
    if (dirname(folder) === folder) return undefined;
  }
}

function readToml(file: string): Tree {
  try {
    return parse(readFileSync(file, "utf8"));
  } catch (cause) {
    if (!(cause instanceof TomlError))
      throw new GantryError("configurationInvalid", `${file} cannot be read: ${(cause as Error).message}`, { cause });
    const reason = cause.message.split("\n")[0]?.replace("Invalid TOML document: ", "");
    throw new GantryError(
      "configurationInvalid",
      `${file}:${cause.line}:${cause.column}: ${reason}. Nothing was started; mend the line and try again.`,
      {
        cause,
        details: { file, line: cause.line, column: cause.column },
      },
    );
  }
}

function check(tree: Tree, origin: (key: string) => string): void {
  const result = Configuration.safeParse(tree);
  if (result.success) return;
  const issue = result.error.issues[0] as z.core.$ZodIssue;
  const path = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const unknown = issue.keys[0] as string;
    const key = path === "" ? unknown : `${path}.${unknown}`;
    const known = knownKeys(issue.path.map(String));
    const suggestion = nearest(unknown, known)[0];
    const hint = suggestion === undefined ? `Known here: ${known.join(", ")}.` : `Did you mean ${suggestion}?`;
    throw new GantryError("configurationInvalid", `${origin(key)}: unknown key ${key}. ${hint}`, { details: { key, known } });
  }
  const given = issue.path.reduce<unknown>((value, part) => (value as Tree | undefined)?.[part as string], tree);
  throw new GantryError("configurationInvalid", `${origin(path)}: ${path} is ${JSON.stringify(given)}: ${issue.message}.`, {
    details: { key: path },
  });
}

/** A queue that is only named would have no limits: most likely it is misspelt. */
function checkQueueNames(config: Configuration, origin: (key: string) => string): void {
  const known = [defaultQueue, ...Object.keys(config.queue)];
  for (const table of ["command", "schedule"] as const) {
    for (const [name, { queue }] of Object.entries(config[table])) {
      if (queue === undefined || known.includes(queue)) continue;
      const key = `${table}.${name}.queue`;
      throw new GantryError(
        "configurationInvalid",
        `${origin(key)}: ${key} is ${JSON.stringify(queue)}: there is no such queue. Add [queue.${queue}], or use one of: ${known.join(", ")}.`,
        { details: { key, known } },
      );
    }
  }
}

/** What only cron's own reader can tell. */
function checkSchedules({ schedule }: Configuration, origin: (key: string) => string): void {
  for (const [name, table] of Object.entries(schedule)) {
    const key = `schedule.${name}`;
    try {
      parseTiming(table, Date.now());
      if (table.input !== undefined && table.argv !== undefined) throw new Error("either input or argv, but both were given");
    } catch (cause) {
      const reason = (cause as Error).message.replace(" Nothing was changed.", "").replace(/\.$/, "");
      throw new GantryError("configurationInvalid", `${origin(key)}: [${key}] ${reason}.`, { cause, details: { key } });
    }
  }
}

/** What only the profiles themselves can tell: bases that are there, patterns that can be read. */
function checkProfiles({ profile }: Configuration, origin: (key: string) => string): void {
  try {
    resolveProfiles(profile, "/bin/sh");
  } catch (cause) {
    if (!(cause instanceof GantryError)) throw cause;
    const key = String(cause.details?.key);
    throw new GantryError("configurationInvalid", `${origin(key)}: ${cause.message}`, { cause, details: { key } });
  }
}

function checkProviders({ provider }: Configuration, origin: (key: string) => string): void {
  for (const [name, table] of Object.entries(provider)) {
    const key = `provider.${name}`;
    try {
      checkProviderSettings(table);
    } catch (cause) {
      throw new GantryError("configurationInvalid", `${origin(key)}: [${key}] ${(cause as Error).message}.`, { cause, details: { key } });
    }
  }
}

function knownKeys(path: string[]): string[] {
  let schema: unknown = Configuration;
  const unwrap = (value: unknown): unknown => {
    const inner = (value as { _zod?: { def?: { innerType?: unknown } } })._zod?.def?.innerType;
    return inner === undefined ? value : unwrap(inner);
  };
  for (const part of path) {
    const table = unwrap(schema) as { shape?: Tree; valueType?: unknown };
    schema = table.shape === undefined ? table.valueType : table.shape[part];
  }
  return Object.keys((unwrap(schema) as { shape?: Tree } | undefined)?.shape ?? {});
}

const scalarTables = ["daemon", "commands", "sessions"] as const;

/** `daemon.logLevel` is GANTRY_DAEMON_LOG_LEVEL. */
function environmentName(key: string): string {
  return `GANTRY_${key
    .replaceAll(/([A-Z])/g, "_$1")
    .replaceAll(".", "_")
    .toUpperCase()}`;
}

function flagName(key: string): string {
  return `--${key
    .split(".")
    .at(-1)
    ?.replaceAll(/([A-Z])/g, "-$1")
    .toLowerCase()}`;
}

function environmentTree(env: ConfigSources["env"]): Tree {
  const tree: Tree = {};
  if (env.GANTRY_INSTANCE !== undefined) tree.instance = env.GANTRY_INSTANCE;
  for (const table of scalarTables) {
    for (const path of leavesOf([table])) {
      const text = env[environmentName(path.join("."))];
      if (text === undefined) continue;
      const inner = path.slice(0, -1).reduce<Tree>((node, part) => (node[part] ??= {}) as Tree, tree);
      inner[path.at(-1) as string] = scalar(text);
    }
  }
  return tree;
}

/** The paths of all values below a table whose keys are fixed. */
function leavesOf(path: string[]): string[][] {
  const keys = knownKeys(path);
  return keys.length === 0 ? [path] : keys.flatMap((key) => leavesOf([...path, key]));
}

/** Environment values are text: numbers and truth values are taken as such, everything else stays text. */
function scalar(text: string): unknown {
  if (text === "true" || text === "false") return text === "true";
  return /^-?\d+$/.test(text) ? Number(text) : text;
}

function unflatten(flags: Readonly<Record<string, unknown>>): Tree {
  const tree: Tree = {};
  for (const [key, value] of Object.entries(flags)) {
    if (value === undefined) continue;
    const parts = key.split(".");
    const last = parts.pop() as string;
    const table = parts.reduce<Tree>((node, part) => (node[part] ??= {}) as Tree, tree);
    table[last] = value;
  }
  return tree;
}

function isTable(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function merge(target: Tree, source: Tree, prefix: string, note: (key: string) => void): void {
  for (const [name, value] of Object.entries(source)) {
    const key = prefix + name;
    // A named table is one thing: a project's [command.build] replaces the user's whole, instead of mixing their argv.
    if (isTable(value) && !/^(?:command|schedule|queue|provider|profile)\./.test(prefix)) {
      merge((target[name] ??= {}) as Tree, value, `${key}.`, note);
    } else {
      target[name] = value;
      note(key);
    }
  }
}

function flatten(value: unknown, key = ""): { key: string; value: unknown }[] {
  if (!isTable(value)) return [{ key, value }];
  return Object.entries(value).flatMap(([name, inner]) => flatten(inner, key === "" ? name : `${key}.${name}`));
}

function originOf(key: string, origins: Map<string, string>): string {
  for (let at = key; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf(".")))) {
    const origin = origins.get(at);
    if (origin !== undefined) return origin;
  }
  return "default";
}
