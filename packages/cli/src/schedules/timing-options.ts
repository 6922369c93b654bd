/** The options that `gantry schedule create` and `update` share: when it ticks, how it runs, and what becomes of late ticks. */
import type { OperationInput, scheduleOperations } from "@gantry/contract";
import { GantryError } from "@gantry/contract/errors";
import { type Command, Option } from "commander";

import { variables } from "../executions/run-command.ts";
import { parseDuration } from "../output/duration.ts";

export interface TimingOptions {
  cron?: string;
  timeZone?: string;
  every?: string;
  at?: string;
  misfire?: string;
  misfireMax?: string;
  catchUp?: string;
  overlap?: string;
  jitter?: string;
  timeout?: string;
  env?: string[];
  cwd?: string;
  priority?: string;
  queue?: string;
  tag?: string[];
}

const collect = (value: string, previous: string[] = []) => [...previous, value];

export function addTimingOptions(command: Command): void {
  command
    .option("--cron <pattern>", "minute hour day month weekday, such as '30 2 * * *'; six fields begin with seconds")
    .option("--time-zone <zone>", "of --cron, such as Europe/Berlin; default: this machine's")
    .option("--every <duration>", "such as 10m")
    .option("--at <time>", "once, such as '2027-01-01 09:00' (local time) or 2027-01-01T09:00:00Z")
    .addOption(new Option("--misfire <policy>", "ticks that no daemon was there for; default latest").choices(["skip", "latest", "all"]))
    .option("--misfire-max <number>", "with --misfire all: at most so many")
    .option("--catch-up <duration>", "only ticks missed by less than this are made up for; default 5m")
    .addOption(
      new Option("--overlap <policy>", "while the run before goes on; default skip").choices([
        "skip",
        "queueOne",
        "allow",
        "cancelPrevious",
      ]),
    )
    .option("--jitter <duration>", "start each tick up to this much later")
    .option("-t, --timeout <duration>", "end each run after this time")
    .option("-e, --env <name=value>", "set a variable, or pass the one of this shell by its name alone; repeatable", collect)
    .option("-C, --cwd <folder>", "run there instead of in the command's own folder")
    .option("--priority <number>", "-100 to 100; higher runs first when there is a queue")
    .option("--queue <queue>", "wait in this queue instead of the command's own")
    .option("--tag <tag>", "mark each run, for gantry history --tag; repeatable", collect)
    .option("--json", "print as JSON");
}

type CreateInput = OperationInput<typeof scheduleOperations.create>;

/** Only what was given. */
export function timingInput(options: TimingOptions): Partial<CreateInput> {
  const duration = (text: string | undefined, option: string) => (text === undefined ? undefined : parseDuration(text, option));
  const given = {
    cron: options.cron,
    timeZone: options.timeZone,
    everyMs: duration(options.every, "--every"),
    at: options.at === undefined ? undefined : timestamp(options.at),
    misfire: options.misfire,
    misfireMax: options.misfireMax === undefined ? undefined : Number(options.misfireMax),
    catchUpMs: duration(options.catchUp, "--catch-up"),
    overlap: options.overlap,
    jitterMs: duration(options.jitter, "--jitter"),
    timeoutMs: duration(options.timeout, "--timeout"),
    env: options.env === undefined ? undefined : variables(options.env),
    cwd: options.cwd,
    queue: options.queue,
    priority: options.priority === undefined ? undefined : Number(options.priority),
    tags: options.tag,
  };
  // What is allowed is the daemon's to say.
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function timestamp(text: string): string {
  const time = new Date(text);
  if (Number.isNaN(time.getTime()))
    throw new GantryError("invalidArgument", `--at ${JSON.stringify(text)} is no time; write '2027-01-01 09:00' or 2027-01-01T09:00:00Z.`);
  return time.toISOString();
}
