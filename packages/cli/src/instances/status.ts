/** `gantry status`: is it running, and what is it doing. Exits 3 when it is not. */
import { chooseInstance, isAlive, localPaths, readRecord } from "@gantry/client/node";
import { GantryError } from "@gantry/contract/errors";
import pc from "picocolors";

import { plain } from "../output/plain.ts";
import { printJson } from "../output/print-json.ts";
import { formatDuration } from "../output/units.ts";
import type { Verb } from "../verb.ts";
import { isAdopted } from "./is-adopted.ts";
import { showAdopted } from "./show-adopted.ts";
import { statusDetails } from "./status-details.ts";
import { styleMark } from "./style-mark.ts";

const notRunning = 3;

export const verb: Verb = (command, context) => {
  command
    .option("-v, --verbose", "also endpoints, load, files, the last failure, the next ticks, checks, and recent errors")
    .option("--json", "print everything as JSON")
    .addHelpText("after", "\nExits 3 when the instance is not running.\n\nExamples:\n  gantry status -v\n  gantry status --json")
    .action(async ({ verbose = false, json = false }: { verbose?: boolean; json?: boolean }) => {
      const instance = chooseInstance(context.choice);
      if (isAdopted(instance)) return showAdopted(instance, json, context);
      let client;
      try {
        ({ client } = await context.connect({ core: true }));
      } catch (error) {
        if (!(error instanceof GantryError) || error.code !== "unavailable") throw error;
        context.exitWith(notRunning);
        const record = readRecord(localPaths(instance));
        const hung = record !== undefined && isAlive(record);
        if (json) printJson({ instance, running: false, ...(hung ? { unresponsivePid: record.pid } : {}) });
        else
          process.stdout.write(
            hung
              ? `Instance ${instance} does not answer, but its process ${record.pid} lives. End it with: gantry stop\n`
              : `${error.message}\n`,
          );
        return;
      }
      const [status, health] = await Promise.all([client.instances.status(), client.instances.health()]);
      if (json) {
        printJson({ running: true, ...status, health });
        return;
      }
      const { executions, sessions, providers } = status;
      const state = status.draining ? pc.yellow("draining") : health.status === "ok" ? pc.green("running") : pc.yellow(health.status);
      const rows: [string, string][] = [
        ["page", `${status.url}/ui/`],
        ["up", formatDuration(status.uptimeSeconds * 1000)],
        [
          "commands",
          `${executions.running} running, ${executions.queued} queued, ${executions.scheduled} scheduled, ${executions.total} in history`,
        ],
        ["sessions", `${sessions.live} live, ${sessions.total} known`],
        ["providers", `${providers.names} (${providers.instances} instances), ${providers.callsInFlight} calls in flight`],
      ];
      const { pausedQueues } = executions;
      if (pausedQueues.length > 0) rows.push(["paused", `${pausedQueues.join(", ")}; go on with: gantry queue resume --all`]);
      if (verbose) {
        rows.push(...(await statusDetails(status, health, client)));
      }
      const width = Math.max(...rows.map(([label]) => label.length));
      process.stdout.write(
        `${styleMark[status.style]} ${pc.bold(plain(status.instance))}  ${state}, pid ${status.pid}, ${status.style} style\n`,
      );
      for (const [label, value] of rows) process.stdout.write(`  ${pc.dim(label.padEnd(width))}  ${plain(value)}\n`);
    });
};
