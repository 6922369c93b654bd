/** Asks the daemon's program to load the configuration without starting anything, so that there is one reader of it. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

import type { InstanceChoice } from "@gantry/client/node";
import { GantryError } from "@gantry/contract/errors";

import { daemonEntry } from "./daemon-entry.ts";

export interface ReadConfig {
  configFile?: string;
  values: { key: string; value: unknown; origin: string }[];
}

export async function readConfig({ instance, configFile }: InstanceChoice): Promise<ReadConfig> {
  const flags = [
    ...(instance === undefined ? [] : ["--instance", instance]),
    ...(configFile === undefined ? [] : ["--config", configFile]),
  ];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [daemonEntry(), "--print-config", ...flags]);
    return JSON.parse(stdout) as ReadConfig;
  } catch (error) {
    const { code, stderr } = error as { code?: number; stderr?: string };
    if (code !== 78 || stderr === undefined) throw error;
    throw new GantryError("configurationInvalid", stderr.replace(/^gantry: /, "").trim());
  }
}
