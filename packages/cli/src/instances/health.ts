/** `gantry health`: does it answer and are its checks well. Exits 0 when it is well, 3 when it does not run, 1 otherwise. */
import { chooseInstance } from "@gantry/client/node";
import { GantryError } from "@gantry/contract/errors";

import { plain } from "../output/plain.ts";
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";
import { isAdopted } from "./is-adopted.ts";
import { showAdopted } from "./show-adopted.ts";

const notRunning = 3;
const unwell = 1;

export const verb: Verb = (command, context) => {
  command
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nExits 0 when all is well, 1 when a check fails, 3 when the instance does not run.\n\nExample:\n  gantry health --json",
    )
    .action(async ({ json = false }: { json?: boolean }) => {
      const instance = chooseInstance(context.choice);
      if (isAdopted(instance)) return showAdopted(instance, json, context);
      const startMs = performance.now();
      let health;
      try {
        const { client } = await context.connect({ core: true });
        health = await client.instances.health();
      } catch (error) {
        if (!(error instanceof GantryError) || error.code !== "unavailable") throw error;
        context.exitWith(notRunning);
        if (json) printJson({ status: "notRunning" });
        else process.stdout.write(`${error.message}\n`);
        return;
      }
      const answeredInMs = Math.round((performance.now() - startMs) * 10) / 10;
      if (health.status !== "ok") context.exitWith(unwell);
      if (json) return printJson({ ...health, answeredInMs });
      process.stdout.write(`${health.status}, answered in ${answeredInMs} ms\n`);
      for (const [name, { status, detail }] of Object.entries(health.checks ?? {}))
        process.stdout.write(`  ${plain(name)}: ${status}${detail === undefined ? "" : ` (${plain(detail)})`}\n`);
    });
};
