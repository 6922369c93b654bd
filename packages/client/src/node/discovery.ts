/** Finds instances of this machine by their files. Reads only; creates nothing. Kept free of schema libraries for the CLI's fast path. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

import { GantryError } from "@gantry/contract/errors";
import type { InstanceRecord } from "@gantry/contract";
import { type InstancePaths, resolvePaths, resolveRoots } from "@gantry/contract/paths";

export interface InstanceChoice {
  /** From a flag; beats everything. */
  instance?: string | undefined;
  /** A configuration file named by a flag. */
  configFile?: string | undefined;
}

/** Flag, then GANTRY_INSTANCE, then `instance` of the nearest gantry.toml, then `default`. */
export function chooseInstance({ instance, configFile }: InstanceChoice = {}): string {
  const name = instance ?? process.env.GANTRY_INSTANCE ?? instanceOfProject(configFile) ?? "default";
  if (!/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(name)) {
    throw new GantryError(
      "invalidArgument",
      `${JSON.stringify(name)} cannot be the name of an instance: 1-40 lower-case letters, digits, or hyphens.`,
    );
  }
  return name;
}

/**
 * Only the one top-level key is wanted, and only here, so the file is searched instead of parsed: loading a TOML parser would
 * cost every start of the CLI more than everything else in it. The daemon parses and checks the whole file.
 */
function instanceOfProject(configFile: string | undefined): string | undefined {
  const file = configFile ?? findProjectFile(process.cwd());
  if (file === undefined || !existsSync(file)) return undefined;
  const topLevel = readFileSync(file, "utf8").split(/^\s*\[/m)[0] ?? "";
  return /^\s*instance\s*=\s*(?:"([^"\\]*)"|'([^']*)')/m
    .exec(topLevel)
    ?.slice(1)
    .find((value) => value !== undefined);
}

/** The nearest gantry.toml from a folder upwards. */
export function findProjectFile(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, "gantry.toml");
    if (existsSync(file)) return file;
    if (dirname(folder) === folder) return undefined;
  }
}

export function localPaths(instance: string): InstancePaths {
  return resolvePaths(instance, { env: process.env, homeDirectory: homedir() });
}

/** Undefined when there is none. A file that is no record is an error that names it, because it may hide a running daemon. */
export function readRecord(paths: InstancePaths): InstanceRecord | undefined {
  let text: string;
  try {
    text = readFileSync(paths.recordFile, "utf8");
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const record = JSON.parse(text) as InstanceRecord;
    if (Number.isInteger(record.pid) && typeof record.startTime === "string") return record;
  } catch {
    // Falls through to the one message for everything that is no record.
  }
  throw new GantryError("conflict", `${paths.recordFile} is not a record of an instance. If no daemon runs, delete it and start again.`);
}

/** Those that were ever started here, running or not. */
export function knownInstances(): string[] {
  return foldersOf(resolveRoots({ env: process.env, homeDirectory: homedir() }).stateRoot).toSorted();
}

/** The names of the instances that left a record: those that run, and those that died without taking it away. */
export function recordedInstances(): string[] {
  const { runRoot, stateRoot } = resolveRoots({ env: process.env, homeDirectory: homedir() });
  return foldersOf(runRoot ?? stateRoot)
    .filter((name) => existsSync(localPaths(name).recordFile))
    .toSorted();
}

function foldersOf(root: string): string[] {
  try {
    return readdirSync(root);
  } catch {
    return [];
  }
}
