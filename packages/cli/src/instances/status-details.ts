/** What `gantry status -v` tells beyond the daily lines: endpoints, load, files, what failed last, what comes next, recent errors. */
import type { Health, InstanceStatus } from "@gantry/contract";
import type { LocalClient } from "@gantry/client/node";

import { formatAge, formatBytes } from "../output/units.ts";
import { lastLines } from "./log-lines.ts";

const shownTicks = 3;
const shownErrors = 3;
const searchedLogLines = 500;

export async function statusDetails(status: InstanceStatus, health: Health, client: LocalClient["client"]): Promise<[string, string][]> {
  const [failures, schedules, version] = await Promise.all([
    client.executions.list({ state: ["failed", "timedOut", "interrupted"], limit: 1 }),
    client.schedules.list({ limit: 1000 }),
    client.instances.version(),
  ]);
  const { load } = status;
  const style =
    status.style === "daemon" ? "in the background; stop with gantry stop" : "in the foreground; stop with Ctrl-C there or gantry stop";
  const failure = failures.items[0];
  const ticks = schedules.items
    .flatMap(({ name, nextAt }) => (nextAt === null ? [] : [{ name, nextAt }]))
    .sort((one, other) => one.nextAt.localeCompare(other.nextAt));
  const errors = recentErrors(status.logFile);
  return [
    ["version", `${status.version}, protocol ${version.protocol.min} to ${version.protocol.max}`],
    ["style", `${status.style}: ${style}`],
    ["endpoints", `${status.url} and ${status.controlSocket}`],
    ["load", `${load.cpuPercent}% CPU, ${formatBytes(load.rssBytes)} memory, event loop late by ${load.eventLoopDelayMs} ms (p99)`],
    ...configurationLines(status).map((text, index): [string, string] => [index === 0 ? "configuration" : "", text]),
    ["state", `${status.stateDirectory}, database ${formatBytes(status.databaseBytes)}`],
    ["log", `${status.logFile}, ${formatBytes(status.logBytes)}`],
    [
      "last failure",
      failure === undefined
        ? "none"
        : `${failure.command} ${failure.state} ${formatAge(failure.endedAt ?? failure.createdAt)}: gantry show ${failure.executionId}`,
    ],
    ...ticks
      .slice(0, shownTicks)
      .map(({ name, nextAt }, index): [string, string] => [index === 0 ? "next ticks" : "", `${nextAt}  ${name}`]),
    ...Object.entries(health.checks ?? {}).map(([name, check]): [string, string] => [
      `check ${name}`,
      check.detail === undefined ? check.status : `${check.status}: ${check.detail}`,
    ]),
    ...errors.map((text, index): [string, string] => [index === 0 ? "recent errors" : "", text]),
  ];
}

function configurationLines({ configFile = "defaults", configuration }: InstanceStatus): string[] {
  if (configuration === undefined || configuration.state === "inForce") return [configFile];
  const { state, detail, reloadable, needRestart, loadedAt } = configuration;
  if (state === "invalid") return [`${configFile}, as read ${formatAge(loadedAt)}; wrong since:`, detail ?? ""];
  if (detail !== undefined) return [configFile, detail];
  return [
    configFile,
    ...(reloadable.length === 0 ? [] : [`${reloadable.length} changed since, not in force: gantry config reload`]),
    ...(needRestart.length === 0 ? [] : [`${needRestart.join(", ")} changed since: gantry restart`]),
  ];
}

function recentErrors(logFile: string): string[] {
  return lastLines(logFile, searchedLogLines)
    .flatMap((line) => {
      try {
        const { level, time, msg } = JSON.parse(line) as { level?: string; time?: string; msg?: string };
        return level === "error" || level === "fatal" ? [`${time ?? ""} ${msg ?? ""}`] : [];
      } catch {
        return [];
      }
    })
    .slice(-shownErrors);
}
