/** `gantry providers status <name>`. */
import type { BreakerInfo, ProviderDetail } from "@gantry/contract";
import pc from "picocolors";

import { plain } from "../output/plain.ts";
import { printJson } from "../output/print-json.ts";
import { printTable } from "../output/table.ts";
import { formatAge } from "../output/units.ts";
import type { Verb } from "../verb.ts";
import { paintState } from "./paint-state.ts";
import { printSupervision } from "./print-supervision.ts";

type Instance = ProviderDetail["instances"][number];

function nextTry({ state, retryInMs, ignored }: BreakerInfo): string {
  if (ignored) return "as usual: most fail";
  if (state === "trying") return "now";
  return retryInMs === 0 ? "with the next call" : `in ${(retryInMs / 1000).toFixed(1)} s`;
}

export const verb: Verb = (command, context) => {
  command
    .argument("<provider>", "the provider's name")
    .option("-v, --verbose", "also the methods with their schemas, and what its program printed last")
    .option("--json", "print everything as JSON")
    .addHelpText("after", "\nExamples:\n  gantry providers status calculator\n  gantry providers status calculator -v")
    .action(async (name: string, { verbose = false, json = false }: { verbose?: boolean; json?: boolean }) => {
      const { client } = await context.connect();
      const provider = await client.providers.get({ name });
      if (json) {
        printJson(provider);
        return;
      }
      const { kind, type, version, state, description, methods, models, capabilities, instances, lastReason, since } = provider;
      const rows: [string, string][] = [
        ["kind", `${kind}, ${type === "socket" ? "dialled in" : `type ${type}`}, version ${version}`],
        ...(description === undefined ? [] : [["about", description] as [string, string]]),
        ["methods", methods.map(({ name, stream }) => (stream ? `${name} (streams)` : name)).join(", ") || "none"],
        ["models", models.map(({ id }) => id).join(", ") || "none"],
        ["capabilities", capabilities.join(", ") || "none"],
        ["calls", `${provider.calls}, ${provider.failures} failed, ${provider.inflight} in flight, ${provider.waiting} waiting`],
        [state === "offline" ? "left" : "since", `${formatAge(since)}${lastReason === undefined ? "" : `: ${lastReason}`}`],
      ];
      const width = Math.max(...rows.map(([label]) => label.length));
      process.stdout.write(`${pc.bold(plain(provider.name))}  ${paintState(state)}\n`);
      for (const [label, value] of rows) process.stdout.write(`  ${pc.dim(label.padEnd(width))}  ${plain(value)}\n`);
      if (instances.length > 0) {
        process.stdout.write("\n");
        printTable(
          [
            { head: "INSTANCE", value: ({ instance }) => instance },
            { head: "STATE", value: ({ state }) => state, paint: paintState },
            { head: "IN FLIGHT", value: ({ inflight, concurrency }) => `${inflight}/${concurrency}`, align: "right" },
            { head: "CALLS", value: ({ calls }) => calls, align: "right" },
            { head: "FAILED", value: ({ failures }) => failures, align: "right" },
            {
              head: "LATENCY",
              value: ({ latencyMs }) => (latencyMs === undefined ? undefined : `${latencyMs.toFixed(1)} ms`),
              align: "right",
            },
            ...(verbose
              ? [
                  {
                    head: "TAKES",
                    value: ({ durationMs }: Instance) => (durationMs === undefined ? undefined : `${durationMs.toFixed(1)} ms`),
                    align: "right" as const,
                  },
                  { head: "WEIGHT", value: ({ weight }: Instance) => weight, align: "right" as const },
                  { head: "QUEUED", value: ({ queued }: Instance) => queued ?? 0, align: "right" as const },
                ]
              : []),
            { head: "DROPPED", value: ({ malformed }) => malformed, align: "right" },
            { head: "CONNECTED", value: ({ connectedAt }) => formatAge(connectedAt) },
            { head: "DETAIL", value: ({ detail }) => detail ?? "" },
          ],
          instances,
        );
      }
      const broken = instances.flatMap(({ instance, breakers }) => breakers.map((breaker) => ({ instance, ...breaker })));
      if (broken.length > 0) {
        process.stdout.write("\n");
        printTable(
          [
            { head: "BREAKER", value: ({ method }) => method },
            { head: "INSTANCE", value: ({ instance }) => instance },
            { head: "STATE", value: ({ state }) => state, paint: paintState },
            { head: "FAILURES", value: ({ failures }) => failures, align: "right" },
            { head: "NEXT TRY", value: (breaker) => nextTry(breaker) },
            { head: "WHY", value: ({ lastError }) => lastError ?? "" },
          ],
          broken,
        );
      }
      if (provider.supervision !== undefined) {
        process.stdout.write("\n");
        printSupervision(provider.supervision, verbose);
      }
      if (!verbose) return;
      for (const { name, description, idempotent, timeoutMs, input, output } of methods) {
        const facts = [idempotent ? "idempotent" : "", timeoutMs === undefined ? "" : `timeout ${timeoutMs} ms`].filter(Boolean).join(", ");
        process.stdout.write(`\n${pc.bold(plain(name))}${facts === "" ? "" : `  ${pc.dim(facts)}`}\n`);
        if (description !== undefined) process.stdout.write(`  ${plain(description)}\n`);
        if (input !== undefined) process.stdout.write(`  ${pc.dim("params")}  ${plain(JSON.stringify(input))}\n`);
        if (output !== undefined) process.stdout.write(`  ${pc.dim("result")}  ${plain(JSON.stringify(output))}\n`);
      }
    });
};
