/** `gantry restart`: a new daemon with the same flags; sessions and running programs stay. */
import { chooseInstance, localPaths, readRecord } from "@gantry/client/node";
import type { InstanceSummary } from "@gantry/contract";
import { GantryError } from "@gantry/contract/errors";

import { printJson } from "../output/print-json.ts";
import { tellPaused } from "../executions/queues/tell-paused.ts";
import type { Verb } from "../verb.ts";
import { askOffline } from "./ask-offline.ts";
import { halt } from "./halt.ts";
import { launch } from "./launch.ts";
import { launchFlags } from "./launch-flags.ts";

interface Restarted {
  outcome: "restarted" | "started";
  instance: string;
  pid: number | undefined;
  url: string;
  version: string;
}

export const verb: Verb = (command, context) => {
  command
    .option("--all", "every instance that runs in the background")
    .option("--paused", "pause every queue: nothing that waits begins before gantry queue resume")
    .option("--json", "print the outcome as JSON")
    .addHelpText(
      "after",
      "\nAn instance that does not run is started.\n\nExamples:\n  gantry restart --instance second\n  gantry restart --all",
    )
    .action(async ({ all = false, paused = false, json = false }: { all?: boolean; paused?: boolean; json?: boolean }) => {
      const { configFile } = context.choice;
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

/** Those in a terminal or service are restarted there. */
async function runningInBackground(): Promise<string[]> {
  const { items } = await askOffline<{ items: InstanceSummary[] }>("instances.list", {});
  return items.filter(({ state, style, adopted }) => !adopted && style === "daemon" && state !== "stopped").map(({ instance }) => instance);
}

async function restart(instance: string, configFile: string | undefined, paused: boolean): Promise<Restarted> {
  const running = readRecord(localPaths(instance));
  if (running?.style === "http") {
    throw new GantryError(
      "conflict",
      `Instance ${instance} is served in the foreground by process ${running.pid}: restart it where it runs (Ctrl-C and gantry serve there, or its service). Nothing was stopped.`,
    );
  }
  const { outcome } = await halt(instance, { keepPrograms: true }, (text) => process.stderr.write(`${text}\n`));
  const flags = running === undefined ? launchFlags({}, instance, configFile) : repeatable(running.launch.flags);
  if (paused) flags.push("--paused");
  const { health } = await launch(instance, flags, running?.launch.workingDirectory ?? process.cwd());
  const url = `http://${health.host}:${health.port}`;
  return { outcome: outcome === "stopped" ? "restarted" : "started", instance, pid: health.pid, url, version: health.version };
}

/** Without what belonged to that one start; `launch` adds its own. */
function repeatable(flags: string[]): string[] {
  const once = new Set(["--style", "--ready-fd"]);
  return flags.filter((flag, index) => flag !== "--paused" && !once.has(flag) && !once.has(flags[index - 1] ?? ""));
}
