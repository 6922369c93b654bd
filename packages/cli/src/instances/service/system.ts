/** The system's own manager of services, and what it says of ours. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { promisify } from "node:util";

import { chooseInstance, type InstanceChoice, localPaths, findProjectFile } from "@gantry/client/node";
import { GantryError } from "@gantry/contract/errors";
import { servicePlaces } from "@gantry/contract/paths";
import { resolve } from "node:path";

import { daemonEntry } from "../daemon-entry.ts";
import { launchdAgent, type ServiceDefinition, systemdUnit } from "./definition.ts";

export interface ServiceSystem {
  kind: "systemd" | "launchd";
  definition: ServiceDefinition;
  /** What to run so that the system knows it and starts it. */
  enable: string[][];
  disable: string[][];
  restart: string[][];
  /** Its own word for the state, such as `active` or `inactive`; undefined when it does not answer. */
  state(): Promise<string | undefined>;
  /** The process that the system keeps running; undefined when it does not answer or keeps none. */
  mainPid(): Promise<number | undefined>;
}

const runFile = promisify(execFile);
const answerTimeoutMs = 10_000;
/** A start is waited for until the daemon says that it is ready; systemd itself gives up after 90 s. */
const changeTimeoutMs = 120_000;

export function serviceSystem(choice: InstanceChoice): ServiceSystem {
  const instance = chooseInstance(choice);
  const configFile = choice.configFile === undefined ? findProjectFile(process.cwd()) : resolve(choice.configFile);
  const found = ["GANTRY_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"].filter((name) => process.env[name] !== undefined);
  const facts = {
    instance,
    argv: [
      process.execPath,
      daemonEntry(),
      "--style",
      "http",
      "--instance",
      instance,
      ...(configFile === undefined ? [] : ["--config", configFile]),
    ],
    workingDirectory: homedir(),
    // The program's own folder first, so that commands find the same Node; the rest is what a login has.
    env: { PATH: process.env.PATH ?? "/usr/bin:/bin", ...Object.fromEntries(found.map((name) => [name, process.env[name] as string])) },
  };
  const places = servicePlaces(instance, { env: process.env, homeDirectory: homedir() });
  if (process.platform === "darwin") {
    const definition = launchdAgent(facts, places.launchd, localPaths(instance).logFile);
    const domain = `gui/${process.getuid?.() ?? 501}`;
    return {
      kind: "launchd",
      definition,
      enable: [["launchctl", "bootstrap", domain, definition.file]],
      disable: [["launchctl", "bootout", `${domain}/${definition.name}`]],
      restart: [["launchctl", "kickstart", "-k", `${domain}/${definition.name}`]],
      state: () => firstLine(["launchctl", "print", `${domain}/${definition.name}`]),
      mainPid: async () =>
        toPid(/^\s*pid = (\d+)$/m.exec((await answerOf(["launchctl", "print", `${domain}/${definition.name}`])) ?? "")?.[1]),
    };
  }
  if (process.platform !== "linux")
    throw new GantryError(
      "unimplemented",
      "Services can be installed on Linux (systemd) and macOS (launchd). Use gantry serve in your own.",
    );
  const definition = systemdUnit(facts, places.systemd);
  return {
    kind: "systemd",
    definition,
    enable: [
      ["systemctl", "--user", "daemon-reload"],
      ["systemctl", "--user", "enable", "--now", definition.name],
    ],
    disable: [["systemctl", "--user", "disable", "--now", definition.name]],
    restart: [["systemctl", "--user", "restart", definition.name]],
    state: () => firstLine(["systemctl", "--user", "is-active", definition.name]),
    mainPid: async () => toPid(await firstLine(["systemctl", "--user", "show", "--property=MainPID", "--value", definition.name])),
  };
}

export function isInstalled({ definition }: ServiceSystem): boolean {
  return existsSync(definition.file);
}

/** Runs them in order; rejects with the first that fails and what it said. */
export async function runAll(commands: readonly string[][]): Promise<void> {
  for (const [file, ...args] of commands as [string, ...string[]][]) {
    await runFile(file, args, { timeout: changeTimeoutMs }).catch((error: Error & { stderr?: string; killed?: boolean }) => {
      const said = (error.stderr ?? "").trim();
      if (error.killed === true)
        throw new Error(`${file} did not finish within ${changeTimeoutMs / 1000} s. ${said}`.trim(), { cause: error });
      throw new Error(said === "" ? error.message : said, { cause: error });
    });
  }
}

const toPid = (text: string | undefined): number | undefined => (Number(text) > 0 ? Number(text) : undefined);

async function firstLine(command: string[]): Promise<string | undefined> {
  const line = (await answerOf(command))?.split("\n")[0];
  return line === "" ? undefined : line;
}

async function answerOf([file, ...args]: string[]): Promise<string | undefined> {
  try {
    return (await runFile(file as string, args, { timeout: answerTimeoutMs })).stdout;
  } catch (error) {
    // `is-active` answers with its exit status too.
    return (error as { stdout?: string }).stdout;
  }
}
