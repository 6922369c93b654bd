/** `gantry logs`: the instance's log, also of one that no longer runs. */
import { createReadStream, existsSync, statSync, watchFile, unwatchFile } from "node:fs";
import { createInterface } from "node:readline";
import { Option } from "commander";

import { chooseInstance, localPaths } from "@gantry/client/node";
import { GantryError } from "@gantry/contract/errors";
import pc from "picocolors";

import { parseDuration } from "../output/duration.ts";
import { plain } from "../output/plain.ts";
import type { Verb } from "../verb.ts";
import { lastLines } from "./log-lines.ts";

interface LogOptions {
  follow?: boolean;
  lines: string;
  level?: string;
  since?: string;
  json?: boolean;
}

const levels = ["trace", "debug", "info", "warn", "error", "fatal"];
const paints: Record<string, (text: string) => string> = { warn: pc.yellow, error: pc.red, fatal: pc.red };
const pollMs = 200;

export const verb: Verb = (command, context) => {
  command
    .option("-f, --follow", "go on as the log grows")
    .option("-n, --lines <count>", "start with this many last lines", "50")
    .addOption(new Option("--level <level>", "only this level and worse").choices(levels))
    .option("--since <age>", "nothing older than this, such as 10m, 2h, or 1d")
    .option("--json", "print the lines as they are: JSON")
    .addHelpText("after", "\nExamples:\n  gantry logs -f\n  gantry logs -n 500 --level warn\n  gantry logs --since 10m")
    .action(async ({ follow = false, lines, level, since, json = false }: LogOptions) => {
      const { logFile } = localPaths(chooseInstance(context.choice));
      if (!existsSync(logFile)) throw new GantryError("notFound", `There is no log at ${logFile}: this instance was never started.`);
      if (level !== undefined && !levels.includes(level))
        throw new GantryError("invalidArgument", `--level is ${level}: choose one of ${levels.join(", ")}.`);
      if (!/^\d+$/.test(lines)) throw new GantryError("invalidArgument", `--lines is ${lines}: give a whole number.`);
      const sinceMs = since === undefined ? 0 : Date.now() - parseDuration(since, "--since");
      const print = (line: string) => {
        const text = render(line, level, sinceMs, json);
        if (text !== undefined) process.stdout.write(`${text}\n`);
      };
      let { size } = statSync(logFile);
      const wanted = since === undefined || command.getOptionValueSource("lines") === "cli" ? Number(lines) : Infinity;
      for (const line of lastLines(logFile, wanted)) print(line);
      if (!follow) return;
      // Polling, because the file may be replaced by a new one at a daemon's start and inotify would keep watching the old one.
      await new Promise<void>((resolve) => {
        watchFile(logFile, { interval: pollMs }, (now) => {
          if (now.size < size) size = 0;
          if (now.size > size) {
            createInterface({ input: createReadStream(logFile, { start: size, end: now.size - 1 }) }).on("line", print);
            size = now.size;
          }
        });
        process.once("SIGINT", () => {
          unwatchFile(logFile);
          resolve();
        });
      });
    });
};

function render(line: string, minimum: string | undefined, sinceMs: number, json: boolean): string | undefined {
  let entry: Record<string, unknown>;
  try {
    entry = JSON.parse(line) as Record<string, unknown>;
  } catch {
    // What a crash printed is no JSON, has no time, and always matters.
    return plain(line);
  }
  const { time, level, msg, err, ...rest } = entry as {
    time?: string;
    level?: string;
    msg?: string;
    err?: { stack?: string; message?: string };
  };
  if (minimum !== undefined && levels.indexOf(level ?? "info") < levels.indexOf(minimum)) return undefined;
  if (time !== undefined && Date.parse(time) < sinceMs) return undefined;
  if (json) return line;
  const facts = Object.entries(rest).map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  const paint = paints[level ?? ""] ?? ((text: string) => text);
  const stack = err === undefined ? "" : `\n    ${plain(err.stack ?? err.message ?? "")}`;
  return `${pc.dim(plain(time ?? ""))} ${paint(plain(level ?? "").padEnd(5))} ${plain(msg ?? "")} ${pc.dim(plain(facts.join(" ")))}${stack}`.trimEnd();
}
