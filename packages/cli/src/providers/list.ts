/** `gantry providers list`. */
import type { ProviderKind, ProviderState, ProviderSummary } from "@gantry/contract";
import { Option } from "commander";

import { printJson } from "../output/print-json.ts";
import { printTable } from "../output/table.ts";
import { formatAge } from "../output/units.ts";
import type { Verb } from "../verb.ts";
import { paintState } from "./paint-state.ts";
import { countStates } from "./print-supervision.ts";

interface ListOptions {
  json?: boolean;
  kind?: ProviderKind;
  state?: ProviderState;
}

/** An MCP server has dozens, and a line should stay one. */
const mostShown = 3;

export const verb: Verb = (command, context) => {
  command
    .addOption(new Option("--kind <kind>", "only of this kind").choices(["llm", "tool", "mcp", "service"]))
    .addOption(new Option("--state <state>", "only in this state").choices(["ready", "degraded", "draining", "offline"]))
    .option("--json", "print as JSON, with all methods")
    .addHelpText("after", "\nExamples:\n  gantry providers list\n  gantry providers list --state offline\n  gantry providers list --json")
    .action(async ({ json, ...only }: ListOptions) => {
      const { client } = await context.connect();
      const { items } = await client.providers.list({ limit: 1000, ...only });
      if (json === true) {
        printJson({ items });
        return;
      }
      if (items.length === 0 && Object.keys(only).length === 0)
        process.stderr.write("No provider is known yet. Try: node examples/calculator-ts/provider.ts\n");
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
          ...(items.some(({ waiting }) => waiting > 0)
            ? [{ head: "WAITING", value: ({ waiting }: ProviderSummary) => waiting, align: "right" as const }]
            : []),
          { head: "FAILED", value: ({ failures }) => failures, align: "right" },
          ...(items.some(({ openBreakers }) => openBreakers > 0)
            ? [{ head: "BREAKERS", value: ({ openBreakers: open }: ProviderSummary) => (open === 0 ? undefined : `${open} open`) }]
            : []),
          {
            head: "LATENCY",
            value: ({ latencyMs }) => (latencyMs === undefined ? undefined : `${latencyMs.toFixed(1)} ms`),
            align: "right",
          },
          { head: "SINCE", value: ({ since }) => formatAge(since) },
          { head: "METHODS", value: ({ methods }) => inShort(methods) },
        ],
        items,
      );
    });
};

function inShort(methods: string[]): string {
  if (methods.length <= mostShown + 1) return methods.join(", ");
  return `${methods.slice(0, mostShown).join(", ")}, … (${methods.length})`;
}
