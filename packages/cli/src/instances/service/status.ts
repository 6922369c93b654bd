/** `gantry service status`: is the service installed, and what does the system say of it. Exits 3 when it is not installed or not active. */
import { plain } from "../../output/plain.ts";
import { printJson } from "../../output/print-json.ts";
import type { Verb } from "../../verb.ts";
import { isInstalled, serviceSystem } from "./system.ts";

const notRunning = 3;

export const verb: Verb = (command, context) => {
  command
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nExits 3 when the service is not installed or not active.\n\nExample:\n  gantry service status --instance second",
    )
    .action(async ({ json = false }: { json?: boolean }) => {
      const system = serviceSystem(context.choice);
      const { file, name } = system.definition;
      const installed = isInstalled(system);
      const state = installed ? await system.state() : undefined;
      if (state !== "active" && !(system.kind === "launchd" && state !== undefined)) context.exitWith(notRunning);
      if (json) return printJson({ kind: system.kind, installed, file, state: state ?? null });
      if (!installed) process.stdout.write(`${name} is not installed. Install it with: gantry service install\n`);
      else process.stdout.write(`${name}: ${state === undefined ? `${system.kind} does not answer` : plain(state)} (${file})\n`);
    });
};
