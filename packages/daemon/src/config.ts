/** Reads the configuration: flags over environment over the nearest gantry.toml over the user's file over defaults, remembering where each value came from. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import { Configuration, GantryError } from "@gantry/contract";
import { parse, TomlError } from "smol-toml";
import type { z } from "zod";

import { checkTogether } from "./config-checks.ts";
import { lineOf } from "./config-lines.ts";
import { concealAt } from "./config-secrets.ts";
import { nearest } from "./core/nearest.ts";

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
  const layers: Layer[] = [];
  for (const file of [sources.userConfigFile, configFile]) {
    if (file === undefined || !existsSync(file)) continue;
    const { tree, text } = readToml(file);
    layers.push({ tree, origin: () => file, place: (path) => placeIn(file, text, path) });
  }
  layers.push(keyed(environmentTree(sources.env), environmentName), keyed(unflatten(sources.flags), flagName));

  const merged: Tree = {};
  const from = new Map<string, Layer>();
  for (const layer of layers) {
    // Each layer is checked by itself, so that the message can name the file that is wrong.
    check(layer);
    merge(merged, layer.tree, "", (key) => from.set(key, layer));
  }
  // A copy: a reload changes tables in place, and those that nobody gave are the schema's own.
  const config = structuredClone(Configuration.parse(merged));
  checkTogether(config, (path) => layerOf(path.join("."), from)?.place(path) ?? "default");
  return {
    config,
    configFile,
    baseDirectory: configFile === undefined ? sources.workingDirectory : dirname(configFile),
    values: flatten(config).map(({ path, value }) => {
      const key = path.join(".");
      return { key, value: concealAt(config, path, value), origin: layerOf(key, from)?.origin(key) ?? "default" };
    }),
  };
}

interface Layer {
  tree: Tree;
  /** Where the value of a key comes from. */
  origin(key: string): string;
  /** The same for a message about it: with the line of a file. */
  place(path: readonly string[]): string;
}

function keyed(tree: Tree, nameOf: (key: string) => string): Layer {
  return { tree, origin: nameOf, place: (path) => nameOf(path.join(".")) };
}

function placeIn(file: string, text: string, path: readonly string[]): string {
  const line = lineOf(text, path);
  return line === undefined ? file : `${file}:${line}`;
}

function findProjectFile(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, "gantry.toml");
    if (existsSync(file)) return file;
    if (dirname(folder) === folder) return undefined;
  }
}

function readToml(file: string): { tree: Tree; text: string } {
  try {
    const text = readFileSync(file, "utf8");
    return { tree: parse(text), text };
  } catch (cause) {
    if (!(cause instanceof TomlError))
      throw new GantryError("configurationInvalid", `${file} cannot be read: ${(cause as Error).message}`, { cause });
    const reason = cause.message.split("\n")[0]?.replace("Invalid TOML document: ", "");
    throw new GantryError("configurationInvalid", `${file}:${cause.line}:${cause.column}: ${reason}. Mend the line and try again.`, {
      cause,
      details: { file, line: cause.line, column: cause.column },
    });
  }
}

function check({ tree, place }: Layer): void {
  const result = Configuration.safeParse(tree);
  if (result.success) return;
  const issue = result.error.issues[0] as z.core.$ZodIssue;
  const parts = issue.path.map(String);
  const path = parts.join(".");
  if (issue.code === "unrecognized_keys") {
    const unknown = issue.keys[0] as string;
    const key = path === "" ? unknown : `${path}.${unknown}`;
    const known = knownKeys(parts);
    const suggestion = nearest(unknown, known)[0];
    const hint = suggestion === undefined ? `Known here: ${known.join(", ")}.` : `Did you mean ${suggestion}?`;
    throw new GantryError("configurationInvalid", `${place([...parts, unknown])}: unknown key ${key}. ${hint}`, {
      details: { key, known },
    });
  }
  const given = issue.path.reduce<unknown>((value, part) => (value as Tree | undefined)?.[part as string], tree);
  const is = given === undefined ? "is missing" : `is ${JSON.stringify(concealAt(Configuration.parse({}), parts, given))}`;
  throw new GantryError("configurationInvalid", `${place(parts)}: ${path} ${is}: ${issue.message}.`, { details: { key: path } });
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

function flatten(value: unknown, path: string[] = []): { path: string[]; value: unknown }[] {
  if (!isTable(value)) return [{ path, value }];
  return Object.entries(value).flatMap(([name, inner]) => flatten(inner, [...path, name]));
}

function layerOf(key: string, from: Map<string, Layer>): Layer | undefined {
  for (let at = key; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf(".")))) {
    const layer = from.get(at);
    if (layer !== undefined) return layer;
  }
  return undefined;
}
