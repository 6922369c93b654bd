/** `gantry restart`: a new daemon with the same flags; sessions and running programs stay. */
import { chooseInstance, knownInstances, localPaths, readRecord } from "@gantry/client/node";
import type { Health, InstanceRecord, InstanceSummary } from "@gantry/contract";
import { GantryError } from "@gantry/contract/errors";

import { printJson } from "../output/print-json.ts";
import { tellPaused } from "../executions/queues/tell-paused.ts";
import type { Verb } from "../verb.ts";
import { askOffline } from "./ask-offline.ts";
import { halt } from "./halt.ts";
import { isAdopted } from "./is-adopted.ts";
import { launch, waitForHealth } from "./launch.ts";
import { launchFlags } from "./launch-flags.ts";
import { isInstalled, runAll, type ServiceSystem, serviceSystem } from "./service/system.ts";

interface Restarted {
  outcome: "restarted" | "started";
  instance: string;
  pid: number | undefined;
  url: string;
  version: string;
}

const servicePlatforms = new Set<NodeJS.Platform>(["linux", "darwin"]);
/** launchd does not wait until the daemon is ready. */
const readyTimeoutMs = 30_000;

export const verb: Verb = (command, context) => {
  command
    .option("--all", "every instance that runs in the background or as a service")
    .option("--paused", "pause every queue: nothing that waits begins before gantry queue resume")
    .option("--json", "print the outcome as JSON")
    .addHelpText(
      "after",
      "\nAn instance that does not run is started; one that runs as a service is restarted by the system.\n\nExamples:\n  gantry restart --instance second\n  gantry restart --all",
    )
    .action(async ({ all = false, paused = false, json = false }: { all?: boolean; paused?: boolean; json?: boolean }) => {
      const { configFile } = context.choice;
      if (!all && context.choice.instance !== undefined) mustBeKnown(context.choice.instance);
      const names = all ? await runningInBackground() : [chooseInstance(context.choice)];
      const outcomes: Restarted[] = [];
      for (const instance of names) {
        const outcome = await restart(instance, configFile, paused);
        outcomes.push(outcome);
        if (!json) process.stderr.write(`Instance ${instance} has been ${outcome.outcome}: pid ${outcome.pid}, ${outcome.url}/ui/\n`);
      }
      if (json) printJson(all ? { items: outcomes } : (outcomes[0] as Restarted));
      else if (names.length === 0) process.stderr.write("No instance runs in the background. See: gantry list\n");
      else if (!all) await tellPaused(context);
    });
};

/** A misspelt name must not become a new instance: that is what `start` is for. */
function mustBeKnown(instance: string): void {
  const known = knownInstances();
  if (instance === "default" || known.includes(instance) || isAdopted(instance)) return;
  const others = known.length === 0 ? "none was ever started" : `there are: ${known.join(", ")}`;
  throw new GantryError(
    "notFound",
    `There is no instance ${instance}; ${others}. Nothing was started; make it with: gantry start --instance ${instance}`,
  );
}

/** Those in a terminal are restarted there. */
async function runningInBackground(): Promise<string[]> {
  const { items } = await askOffline<{ items: InstanceSummary[] }>("instances.list", {});
  const names: string[] = [];
  for (const { instance, state, style, adopted } of items) {
    if (adopted || state === "stopped") continue;
    if (style === "daemon" || (await serviceOf(readRecord(localPaths(instance)))) !== undefined) names.push(instance);
  }
  return names;
}

/** The service that keeps this very process running. */
async function serviceOf(record: InstanceRecord | undefined): Promise<ServiceSystem | undefined> {
  if (record?.style !== "http" || !servicePlatforms.has(process.platform)) return undefined;
  const system = serviceSystem({ instance: record.instance });
  return isInstalled(system) && (await system.mainPid()) === record.pid ? system : undefined;
}

async function restart(instance: string, configFile: string | undefined, paused: boolean): Promise<Restarted> {
  const running = readRecord(localPaths(instance));
  const service = await serviceOf(running);
  if (service !== undefined) return restartService(instance, service, paused);
  if (running?.style === "http") {
    throw new GantryError(
      "conflict",
      `Instance ${instance} is served in the foreground by process ${running.pid}: restart it where it runs (Ctrl-C and gantry serve there). Nothing was stopped.`,
    );
  }
  const { outcome } = await halt(instance, { keepPrograms: true }, (text) => process.stderr.write(`${text}\n`));
  const flags = running === undefined ? launchFlags({}, instance, configFile) : repeatable(running.launch.flags);
  if (paused) flags.push("--paused");
  const { health } = await launch(instance, flags, running?.launch.workingDirectory ?? process.cwd());
  return restarted(instance, outcome === "stopped" ? "restarted" : "started", health);
}

async function restartService(
  instance: string,
  { definition, restart: commands, kind }: ServiceSystem,
  paused: boolean,
): Promise<Restarted> {
  if (paused)
    throw new GantryError(
      "invalidArgument",
      `Instance ${instance} runs as ${definition.name}, whose flags ${kind} keeps: --paused cannot be given. Nothing was stopped. Pause it first with: gantry queue pause --instance ${instance}`,
    );
  process.stderr.write(`Instance ${instance} runs as ${definition.name}: ${kind} restarts it …\n`);
  try {
    await runAll(commands);
  } catch (error) {
    throw new GantryError(
      "unavailable",
      `${definition.name} could not be restarted: ${(error as Error).message}\nSee: gantry logs --instance ${instance}`,
      {
        cause: error,
      },
    );
  }
  const health = await waitForHealth(instance, readyTimeoutMs);
  if (health === undefined)
    throw new GantryError(
      "unavailable",
      `${definition.name} was restarted, and the instance does not answer. See: gantry logs --instance ${instance}`,
    );
  return restarted(instance, "restarted", health);
}

function restarted(instance: string, outcome: Restarted["outcome"], { host, port, pid, version }: Health): Restarted {
  return { outcome, instance, pid, url: `http://${host}:${port}`, version };
}

/** Without what belonged to that one start; `launch` adds its own. */
function repeatable(flags: string[]): string[] {
  const once = new Set(["--style", "--ready-fd"]);
  return flags.filter((flag, index) => flag !== "--paused" && !once.has(flag) && !once.has(flags[index - 1] ?? ""));
}
