/** `gantry stop`: finish running work, then end. */
import { GantryError } from "@gantry/contract/errors";

import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";
import { halt } from "./halt.ts";
import { findTarget, haltForeign } from "./halt-foreign.ts";

interface StopOptions {
  sessions?: boolean;
  drainTimeout?: string;
  port?: string;
  force?: boolean;
  json?: boolean;
}

export const verb: Verb = (command, context) => {
  command
    .option("--sessions", "end interactive sessions too; they live on otherwise")
    .option("--drain-timeout <ms>", "how long running work may take to finish")
    .option("--port <number>", "stop whoever listens on this port; a stranger only with --force")
    .option("--force", "with --port: also a server that Gantry neither started nor adopted")
    .option("--json", "print the outcome as JSON")
    .addHelpText("after", "\nExamples:\n  gantry stop\n  gantry stop --sessions --drain-timeout 0\n  gantry stop --port 8765")
    .action(async ({ sessions = false, drainTimeout, port, force = false, json }: StopOptions) => {
      const drainTimeoutMs = parseMs(drainTimeout);
      const target = await findTarget(port, context.choice);
      if ("port" in target || target.adopted) return haltForeign(target, force, json === true);
      const { instance } = target;
      const { outcome, by, record } = await halt(instance, { sessions, drainTimeoutMs }, (text) => process.stderr.write(`${text}\n`));
      if (json === true) printJson({ outcome, instance, by, pid: record?.pid });
      else process.stderr.write(outcome === "stopped" ? `Instance ${instance} has stopped.\n` : `Instance ${instance} is not running.\n`);
    });
};

function parseMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new GantryError("invalidArgument", `--drain-timeout is ${JSON.stringify(text)}: give whole milliseconds, such as 5000.`);
}
