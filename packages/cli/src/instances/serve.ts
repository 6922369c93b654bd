/** `gantry serve`: an instance in the foreground, for a terminal, a service, or a container. */
import { spawn } from "node:child_process";

import { chooseInstance } from "@gantry/client/node";

import type { Verb } from "../verb.ts";
import { daemonEntry } from "./daemon-entry.ts";
import { addLaunchOptions, launchFlags, type LaunchOptions } from "./launch-flags.ts";

export const verb: Verb = (command, context) => {
  addLaunchOptions(command)
    .addHelpText("after", "\nCtrl-C finishes running work and stops; a second Ctrl-C does not wait.\n\nExample:\n  gantry serve --port 0")
    .action(async (options: LaunchOptions) => {
      const instance = chooseInstance(context.choice);
      const child = spawn(
        process.execPath,
        [daemonEntry(), "--style", "http", ...launchFlags(options, instance, context.choice.configFile)],
        { stdio: "inherit" },
      );
      // A terminal signals the whole foreground group: the daemon gets its own copy. A supervisor signals only this process.
      for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => !process.stdin.isTTY && child.kill(signal));
      // Read the configuration anew; a terminal that closes sends it too, and then the daemon goes on.
      process.on("SIGHUP", () => child.kill("SIGHUP"));
      const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
        child.once("exit", (...ending) => resolve(ending)),
      );
      context.exitWith(code ?? (signal === null ? 125 : 128 + 15));
    });
};
