/** `gantry start`: an instance in the background. */
import { chooseInstance } from "@gantry/client/node";

import { parseDuration } from "../output/duration.ts";
import { plain } from "../output/plain.ts";
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";
import { launch } from "./launch.ts";
import { tellPaused } from "../executions/queues/tell-paused.ts";
import { addLaunchOptions, launchFlags, type LaunchOptions } from "./launch-flags.ts";

export const verb: Verb = (command, context) => {
  addLaunchOptions(command)
    .option("--wait <duration>", "give up waiting until it is ready after so long (default 60s); it goes on starting")
    .option("--json", "print the outcome as JSON")
    .addHelpText("after", "\nExamples:\n  gantry start\n  gantry start --instance second --port 0\n  gantry start --paused")
    .action(async (options: LaunchOptions & { wait?: string; json?: boolean }) => {
      const instance = chooseInstance(context.choice);
      const { outcome, health, notices } = await launch(
        instance,
        launchFlags(options, instance, context.choice.configFile),
        process.cwd(),
        options.wait === undefined ? undefined : parseDuration(options.wait, "--wait"),
      );
      const url = `http://${health.host}:${health.port}`;
      if (options.json === true) printJson({ outcome, instance, pid: health.pid, url, version: health.version, notices });
      else if (outcome === "started") {
        process.stderr.write(`Instance ${instance} is running: pid ${health.pid}, ${url}/ui/\n`);
        for (const notice of notices) process.stderr.write(`${plain(notice)}\n`);
        await tellPaused(context);
      } else {
        const place = health.style === "http" ? " in the foreground (http style; it is restarted where it runs)" : "";
        process.stderr.write(`Instance ${instance} is already running${place}: pid ${health.pid}, ${url}/ui/\n`);
        if (options.paused === true) process.stderr.write("It was not paused by this; pause it with: gantry queue pause --all\n");
      }
    });
};
