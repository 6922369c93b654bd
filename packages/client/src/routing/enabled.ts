/** Decides whether a call may go to the daemon. Reads the environment and at most two small files, and loads nothing: every start pays for it. */
import { readFileSync } from "node:fs";

import { GantryError } from "@gantry/contract/errors";

import { chooseInstance, findProjectFile, localPaths } from "../node/discovery.ts";

export interface RoutingChoice {
  /** What the code wishes when neither environment nor configuration says anything; false: never, whatever they say. */
  autoRoute?: boolean | undefined;
}

export interface RoutingDecision {
  route: boolean;
  /** For NODE_DEBUG=gantry. */
  why: string;
}

/** Throws configurationInvalid when GANTRY_ROUTING is neither true nor false. */
export function decideRouting(
  { autoRoute }: RoutingChoice,
  env: Readonly<Record<string, string | undefined>> = process.env,
): RoutingDecision {
  const no = (why: string) => ({ route: false, why });
  // First of all, so that nothing can make a worker wait for another one that waits for it.
  if (isExecution(env)) return no("this process belongs to an execution");
  if (autoRoute === false) return no("autoRoute is false");
  const asked = switchOf("GANTRY_ROUTING", env.GANTRY_ROUTING) ?? switchOf("GANTRY_DAEMON_ROUTING", env.GANTRY_DAEMON_ROUTING);
  if (asked !== undefined) return { route: asked, why: "the environment says so" };
  // A build server should test the program, not a daemon that happens to run there.
  if (env.CI !== undefined && !["", "0", "false"].includes(env.CI.toLowerCase())) return no("CI is set");
  const configured = configuredRouting();
  if (configured !== undefined) return { route: configured, why: "the configuration says so" };
  return { route: autoRoute === true, why: autoRoute === true ? "autoRoute is true" : "nothing asks for it" };
}

/** A worker, or anything that an execution has started. */
function isExecution(env: Readonly<Record<string, string | undefined>>): boolean {
  return env.GANTRY_WORKER !== undefined || env.GANTRY_EXECUTION_ID !== undefined;
}

function switchOf(name: string, text: string | undefined): boolean | undefined {
  if (text === undefined || text === "") return undefined;
  if (text === "true" || text === "false") return text === "true";
  throw new GantryError("configurationInvalid", `${name} is ${JSON.stringify(text)}: it must be true or false. Nothing was run.`);
}

function configuredRouting(): boolean | undefined {
  const files = [findProjectFile(process.cwd()), localPaths(chooseInstance()).userConfigFile];
  for (const file of files) {
    const found = file === undefined ? undefined : routingIn(read(file));
    if (found !== undefined) return found;
  }
  return undefined;
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/**
 * `[daemon] routing` of a TOML text. Searched instead of parsed, as in discovery.ts: a TOML parser would cost more than the rest of the
 * decision. The daemon parses and checks the whole file.
 */
export function routingIn(toml: string): boolean | undefined {
  const [topLevel = "", ...tables] = `\n${toml}`.split(/^(?=[ \t]*\[)/m);
  const table = tables.find((text) => /^[ \t]*\[[ \t]*daemon[ \t]*\]/.test(text)) ?? "";
  const found =
    /^[ \t]*routing[ \t]*=[ \t]*(true|false)\b/m.exec(table) ?? /^[ \t]*daemon\.routing[ \t]*=[ \t]*(true|false)\b/m.exec(topLevel);
  return found === null ? undefined : found[1] === "true";
}
