/** `gantry start`: an instance in the background. */
import { chooseInstance } from "@gantry/client/node";

import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";
import { launch } from "./launch.ts";
import { addLaunchOptions, launchFlags, type LaunchOptions } from "./launch-flags.ts";

export const verb: Verb = (command, context) => {
  addLaunchOptions(command)
    .option("--json", "print the outcome as JSON")
    .addHelpText("after", "\nExamples:\n  gantry start\n  gantry start --instance second --port 0")
    .action(async (options: LaunchOptions & { json?: boolean }) => {
      const instance = chooseInstance(context.choice);
      const { outcome, health } = await launch(instance, launchFlags(options, instance, context.choice.configFile), process.cwd());
      const url = `http://${health.host}:${health.port}`;
      if (options.json === true) printJson({ outcome, instance, pid: health.pid, url, version: health.version });
      else if (outcome === "started") process.stderr.write(`Instance ${instance} is running: pid ${health.pid}, ${url}/ui/\n`);
      else process.stderr.write(`Instance ${instance} is already running: pid ${health.pid}, ${url}/ui/\n`);
    });
};
