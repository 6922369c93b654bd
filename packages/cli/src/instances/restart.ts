/** `gantry restart`: a new daemon with the same flags; sessions and running programs stay. */
import { chooseInstance, localPaths, readRecord } from "@gantry/client/node";
import { GantryError } from "@gantry/contract/errors";

import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";
import { halt } from "./halt.ts";
import { launch } from "./launch.ts";
import { launchFlags } from "./launch-flags.ts";

export const verb: Verb = (command, context) => {
  command
    .option("--json", "print the outcome as JSON")
    .addHelpText("after", "\nAn instance that does not run is started.\n\nExample:\n  gantry restart --instance second")
    .action(async ({ json }: { json?: boolean }) => {
      const instance = chooseInstance(context.choice);
      const running = readRecord(localPaths(instance));
      if (running?.style === "http") {
        throw new GantryError(
          "conflict",
          `Instance ${instance} is served in the foreground by process ${running.pid}: restart it where it runs (Ctrl-C and gantry serve there, or its service). Nothing was stopped.`,
        );
      }
      await halt(instance, { keepPrograms: true }, (text) => process.stderr.write(`${text}\n`));
      const flags = running === undefined ? launchFlags({}, instance, context.choice.configFile) : repeatable(running.launch.flags);
      const { health } = await launch(instance, flags, running?.launch.workingDirectory ?? process.cwd());
      const url = `http://${health.host}:${health.port}`;
      if (json === true) printJson({ outcome: "restarted", instance, pid: health.pid, url, version: health.version });
      else process.stderr.write(`Instance ${instance} has been restarted: pid ${health.pid}, ${url}/ui/\n`);
    });
};

/** Without what belonged to that one start; `launch` adds its own. */
function repeatable(flags: string[]): string[] {
  const once = new Set(["--style", "--ready-fd"]);
  return flags.filter((flag, index) => !once.has(flag) && !once.has(flags[index - 1] ?? ""));
}
