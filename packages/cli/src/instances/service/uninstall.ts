/** `gantry service uninstall`: the system starts the instance no more; its state stays. */
import { rmSync } from "node:fs";

import { plain } from "../../output/plain.ts";
import { printJson } from "../../output/print-json.ts";
import type { Verb } from "../../verb.ts";
import { isInstalled, runAll, serviceSystem } from "./system.ts";

export const verb: Verb = (command, context) => {
  command
    .option("--json", "print the outcome as JSON")
    .addHelpText("after", "\nThe daemon is stopped; sessions, history, and keys stay.\n\nExample:\n  gantry service uninstall")
    .action(async ({ json = false }: { json?: boolean }) => {
      const system = serviceSystem(context.choice);
      const { file, name } = system.definition;
      const installed = isInstalled(system);
      let problem: string | undefined;
      if (installed) {
        try {
          await runAll(system.disable);
        } catch (error) {
          // The file goes all the same: without it the system has nothing to start.
          problem = (error as Error).message;
        }
        rmSync(file);
      }
      if (json) return printJson({ outcome: installed ? "uninstalled" : "notInstalled", file, problem });
      if (problem !== undefined) process.stderr.write(`The system could not be told: ${plain(problem)}\n`);
      process.stderr.write(installed ? `${name} was removed (${file}).\n` : `There is no ${file}: nothing to do.\n`);
    });
};
