/** `gantry providers health [name]`: asks every instance now and shows how long it took to answer. Exits 69 when one is not well. */
import { parseDuration } from "../output/duration.ts";
import { printJson } from "../output/print-json.ts";
import { printTable } from "../output/table.ts";
import type { Verb } from "../verb.ts";
import { paintState } from "./paint-state.ts";

const notWell = 69;

interface Row {
  provider: string;
  instance: string;
  status: string;
  durationMs?: number;
  detail?: string;
}

export const verb: Verb = (command, context) => {
  command
    .argument("[provider]", "only this provider")
    .option("-t, --timeout <duration>", "how long to wait for each answer", "5s")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      "\nExits 69 when a provider that was asked is not ok.\n\nExamples:\n  gantry providers health\n  gantry providers health calculator",
    )
    .action(async (name: string | undefined, { json, timeout }: { json?: boolean; timeout: string }) => {
      const { client } = await context.connect();
      const names = name === undefined ? (await client.providers.list({ limit: 1000 })).items.map((provider) => provider.name) : [name];
      const timeoutMs = parseDuration(timeout, "--timeout");
      const items = await Promise.all(names.map((provider) => client.providers.health({ name: provider, timeoutMs })));
      if (items.some(({ status }) => status !== "ok")) context.exitWith(notWell);
      if (json === true) {
        printJson({ items });
        return;
      }
      const rows = items.flatMap((health): Row[] =>
        health.instances.length === 0
          ? [{ provider: health.name, instance: "-", status: health.status }]
          : health.instances.map((instance) => ({ provider: health.name, ...instance })),
      );
      printTable(
        [
          { head: "PROVIDER", value: ({ provider }) => provider },
          { head: "INSTANCE", value: ({ instance }) => instance },
          { head: "HEALTH", value: ({ status }) => status, paint: paintState },
          {
            head: "ANSWERED IN",
            value: ({ durationMs, status }) =>
              durationMs === undefined || status === "offline" ? undefined : `${durationMs.toFixed(1)} ms`,
            align: "right",
          },
          { head: "DETAIL", value: ({ detail }) => detail ?? "" },
        ],
        rows,
      );
    });
};
