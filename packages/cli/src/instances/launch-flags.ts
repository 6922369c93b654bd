/** The options that `start` and `serve` share, and the daemon's own flags made from them. */
import { resolve } from "node:path";

import { type Command, Option } from "commander";

export interface LaunchOptions {
  host?: string;
  port?: string;
  logLevel?: string;
  debug?: boolean;
  paused?: boolean;
}

export function addLaunchOptions(command: Command): Command {
  return command
    .option("--host <name>", "listen on 127.0.0.1, ::1, or localhost")
    .option("--port <number>", "listen on this port; 0 takes any free one (default 8765)")
    .addOption(new Option("--log-level <level>", "how much to log").choices(["fatal", "error", "warn", "info", "debug", "trace"]))
    .option("--debug", "short for --log-level debug")
    .option("--paused", "pause every queue: nothing that waits begins before gantry queue resume");
}

export function launchFlags(options: LaunchOptions, instance: string, configFile: string | undefined): string[] {
  const level = options.debug === true ? "debug" : options.logLevel;
  return [
    "--instance",
    instance,
    ...(configFile === undefined ? [] : ["--config", resolve(configFile)]),
    ...(options.host === undefined ? [] : ["--host", options.host]),
    ...(options.port === undefined ? [] : ["--port", options.port]),
    ...(options.paused === true ? ["--paused"] : []),
    ...(level === undefined ? [] : ["--log-level", level]),
  ];
}
