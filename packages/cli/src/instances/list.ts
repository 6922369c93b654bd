/** `gantry list`: every instance of this user on this machine, running or not. */
import type { InstanceSummary } from "@gantry/contract";
import pc from "picocolors";

import { printJson } from "../output/print-json.ts";
import { printTable } from "../output/table.ts";
import { formatDuration } from "../output/units.ts";
import type { Verb } from "../verb.ts";
import { askOffline } from "./ask-offline.ts";
import { styleMark } from "./style-mark.ts";

const paints: Partial<Record<InstanceSummary["state"], (text: string) => string>> = {
  running: pc.green,
  draining: pc.yellow,
  unresponsive: pc.red,
  broken: pc.red,
  stopped: pc.dim,
};

export const verb: Verb = (command) => {
  command
    .option("-r, --running", "leave out those that are stopped")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      `\n${styleMark.daemon} runs in the background (gantry start); ${styleMark.http} runs in a terminal, a service, or a container (gantry serve).\n\nExamples:\n  gantry list\n  gantry list --running --json`,
    )
    .action(async ({ running = false, json = false }: { running?: boolean; json?: boolean }) => {
      const { items } = await askOffline<{ items: InstanceSummary[] }>("instances.list", {});
      const shown = running ? items.filter(({ state }) => state !== "stopped") : items;
      if (json) return printJson({ items: shown });
      if (shown.length === 0) {
        process.stderr.write(`No instance ${running ? "runs" : "was ever started"} here. Start one with: gantry start\n`);
        return;
      }
      printTable(
        [
          { head: "INSTANCE", value: ({ instance, style }) => `${style === undefined ? " " : styleMark[style]} ${instance}` },
          { head: "STATE", value: ({ state }) => state, paint: (text, { state }) => (paints[state] ?? String)(text) },
          { head: "STYLE", value: ({ style, adopted }) => (adopted ? `${style}, adopted` : style) },
          { head: "PID", value: ({ pid }) => pid, align: "right" },
          { head: "ADDRESS", value: ({ url, adopted }) => (url === undefined || adopted ? url : `${url}/ui/`) },
          { head: "VERSION", value: ({ version }) => version },
          {
            head: "UP",
            value: ({ startedAt }) => (startedAt === undefined ? undefined : formatDuration(Date.now() - Date.parse(startedAt))),
          },
          { head: "CONFIGURATION", value: ({ configFile }) => configFile, gives: "way" },
        ],
        shown,
      );
    });
};
