/** `gantry status`: is it running, and what is it doing. Exits 3 when it is not. */
import { chooseInstance, isAlive, localPaths, readRecord } from "@gantry/client/node";
import { GantryError } from "@gantry/contract/errors";
import pc from "picocolors";

import { plain } from "../output/plain.ts";
import { printJson } from "../output/print-json.ts";
import { formatBytes, formatDuration } from "../output/units.ts";
import type { Verb } from "../verb.ts";

const notRunning = 3;
/** `daemon` style runs by itself, `http` style belongs to a terminal or service. */
const marks = { daemon: "●", http: "◆" };

export const verb: Verb = (command, context) => {
  command
    .option("-v, --verbose", "also files, load, and checks")
    .option("--json", "print everything as JSON")
    .addHelpText("after", "\nExits 3 when the instance is not running.\n\nExamples:\n  gantry status -v\n  gantry status --json")
    .action(async ({ verbose = false, json = false }: { verbose?: boolean; json?: boolean }) => {
      const instance = chooseInstance(context.choice);
      let client;
      try {
        ({ client } = await context.connect());
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
              : `Instance ${instance} is not running. Start it with: gantry start\n`,
          );
        return;
      }
      const [status, health] = await Promise.all([client.instances.status(), client.instances.health()]);
      if (json) {
        printJson({ running: true, ...status, health });
        return;
      }
      const { executions, sessions, providers, load } = status;
      const state = status.draining ? pc.yellow("draining") : health.status === "ok" ? pc.green("running") : pc.yellow(health.status);
      const rows: [string, string][] = [
        ["page", `${status.url}/ui/`],
        ["up", formatDuration(status.uptimeSeconds * 1000)],
        ["commands", `${executions.running} running, ${executions.queued} queued, ${executions.total} in history`],
        ["sessions", `${sessions.live} live, ${sessions.total} known`],
        ["providers", `${providers.names} (${providers.instances} instances), ${providers.callsInFlight} calls in flight`],
      ];
      if (verbose) {
        rows.push(
          ["version", status.version],
          [
            "style",
            status.style === "daemon"
              ? "daemon: in the background; stop with gantry stop"
              : "http: in the foreground; stop with Ctrl-C there or gantry stop",
          ],
          ["load", `${load.cpuPercent}% CPU, ${formatBytes(load.rssBytes)} memory, event loop late by ${load.eventLoopDelayMs} ms (p99)`],
          ["configuration", status.configFile ?? "defaults"],
          ["state", status.stateDirectory],
          ["log", status.logFile],
          ...Object.entries(health.checks ?? {}).map(([name, check]): [string, string] => [
            `check ${name}`,
            check.detail === undefined ? check.status : `${check.status}: ${check.detail}`,
          ]),
        );
      }
      const width = Math.max(...rows.map(([label]) => label.length));
      process.stdout.write(
        `${marks[status.style]} ${pc.bold(plain(status.instance))}  ${state}, pid ${status.pid}, ${status.style} style\n`,
      );
      for (const [label, value] of rows) process.stdout.write(`  ${pc.dim(label.padEnd(width))}  ${plain(value)}\n`);
    });
};
