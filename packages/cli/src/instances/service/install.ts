/** `gantry service install`: lets the system start the instance at login and keep it running. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { isAlive, chooseInstance, localPaths, readRecord } from "@gantry/client/node";
import { GantryError } from "@gantry/contract/errors";

import { plain } from "../../output/plain.ts";
import { printJson } from "../../output/print-json.ts";
import type { Verb } from "../../verb.ts";
import { runAll, serviceSystem } from "./system.ts";

export const verb: Verb = (command, context) => {
  command
    .option("--print", "print the file instead of installing it")
    .option("--no-enable", "only write the file; the system is not told")
    .option("--json", "print the outcome as JSON")
    .addHelpText(
      "after",
      "\nThe service runs the instance in the http style, with the configuration file that is in force in this folder.\n\nExamples:\n  gantry service install\n  gantry service install --instance second --config ~/second/gantry.toml\n  gantry service install --print",
    )
    .action(async ({ print = false, enable, json = false }: { print?: boolean; enable: boolean; json?: boolean }) => {
      const system = serviceSystem(context.choice);
      const { definition, kind } = system;
      if (print) {
        process.stdout.write(definition.text);
        return;
      }
      const instance = chooseInstance(context.choice);
      const running = readRecord(localPaths(instance));
      if (enable && running !== undefined && running.style === "daemon" && isAlive(running)) {
        throw new GantryError(
          "conflict",
          `Instance ${instance} runs in the background already (process ${running.pid}), so its service could not start. Nothing was installed; first: gantry stop${instance === "default" ? "" : ` --instance ${instance}`}`,
        );
      }
      mkdirSync(dirname(definition.file), { recursive: true });
      writeFileSync(definition.file, definition.text, { mode: 0o644 });
      let problem: string | undefined;
      try {
        if (enable) await runAll(system.enable);
      } catch (error) {
        problem = (error as Error).message;
      }
      const commands = system.enable.map((words) => words.join(" "));
      if (problem !== undefined) context.exitWith(1);
      if (json) return printJson({ kind, file: definition.file, enabled: enable && problem === undefined, problem, commands });
      process.stderr.write(`Wrote ${definition.file}\n`);
      if (problem === undefined && enable) process.stderr.write(`${definition.name} is enabled and started. See: gantry service status\n`);
      else {
        if (problem !== undefined) process.stderr.write(`It could not be enabled: ${plain(problem)}\n`);
        process.stderr.write(`Enable it with:\n${commands.map((line) => `  ${line}\n`).join("")}`);
      }
    });
};
