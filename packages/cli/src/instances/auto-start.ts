/** Starts the instance for a command that needs it, when its configuration asks for that. */
import { existsSync, readFileSync } from "node:fs";

import { chooseInstance, findProjectFile, type InstanceChoice, localPaths } from "@gantry/client/node";

import { launch } from "./launch.ts";
import { launchFlags } from "./launch-flags.ts";
import { readConfig } from "./read-config.ts";

/** True when it runs now. Of several that start it at once one wins and the others wait for it. */
export async function autoStart(choice: InstanceChoice): Promise<boolean> {
  const instance = chooseInstance(choice);
  if (!isMentioned(instance, choice)) return false;
  const { values } = await readConfig(choice);
  if (values.find(({ key }) => key === "daemon.autoStart")?.value !== true) return false;
  const { outcome, health } = await launch(instance, [...launchFlags({}, instance, choice.configFile), "--auto-started"], process.cwd());
  if (outcome === "started") process.stderr.write(`Started instance ${instance} (pid ${health.pid}), as [daemon] autoStart asks.\n`);
  return true;
}

/** Reading the whole configuration takes a process of its own, which a plain "is not running" should not wait for. */
function isMentioned(instance: string, { configFile }: InstanceChoice): boolean {
  if (process.env.GANTRY_DAEMON_AUTO_START !== undefined) return true;
  const files = [localPaths(instance).userConfigFile, configFile ?? findProjectFile(process.cwd())];
  return files.some((file) => file !== undefined && existsSync(file) && readFileSync(file, "utf8").includes("autoStart"));
}
