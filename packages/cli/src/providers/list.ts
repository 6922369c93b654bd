/** `gantry providers list`. */
import { printJson } from "../output/print-json.ts";
import { printTable } from "../output/table.ts";
import { formatAge } from "../output/units.ts";
import type { Verb } from "../verb.ts";
import { paintState } from "./paint-state.ts";
import { countStates } from "./print-supervision.ts";

export const verb: Verb = (command, context) => {
  command
    .option("--json", "print as JSON")
    .addHelpText("after", "\nExamples:\n  gantry providers list\n  gantry providers list --json")
    .action(async ({ json }: { json?: boolean }) => {
      const { client } = await context.connect();
      const { items } = await client.providers.list({ limit: 1000 });
      if (json === true) {
        printJson({ items });
        return;
      }
      if (items.length === 0) process.stderr.write("No provider is known yet. Try: node examples/calculator-ts/provider.ts\n");
      printTable(
        [
          { head: "NAME", value: ({ name }) => name },
          { head: "KIND", value: ({ kind }) => kind },
          { head: "TYPE", value: ({ type }) => type },
          { head: "STATE", value: ({ state }) => state, paint: paintState },
          { head: "RUN BY GANTRY", value: ({ supervision }) => (supervision === undefined ? undefined : countStates(supervision)) },
          { head: "INSTANCES", value: ({ instances }) => instances, align: "right" },
          { head: "IN FLIGHT", value: ({ inflight }) => inflight, align: "right" },
          { head: "CALLS", value: ({ calls }) => calls, align: "right" },
          { head: "WAITING", value: ({ waiting }) => waiting, align: "right" },
          { head: "FAILED", value: ({ failures }) => failures, align: "right" },
          { head: "BREAKERS", value: ({ openBreakers }) => (openBreakers === 0 ? undefined : `${openBreakers} open`), align: "right" },
          {
            head: "LATENCY",
            value: ({ latencyMs }) => (latencyMs === undefined ? undefined : `${latencyMs.toFixed(1)} ms`),
            align: "right",
          },
          { head: "SINCE", value: ({ since }) => formatAge(since) },
          { head: "METHODS", value: ({ methods }) => methods.join(",") },
        ],
        items,
      );
    });
};
