/** The configuration file, gantry.toml: every key, its type, and its default. Unknown keys are errors. */
import { z } from "zod";

import { DisplayText, DurationMs, Environment, InstanceName, Name } from "./primitives.ts";
import { timingDefaults, timingFields } from "./schedules.ts";

const DaemonTable = z.strictObject({
  host: z.enum(["127.0.0.1", "::1", "localhost"]).default("127.0.0.1").describe("Address to listen on; only this machine can reach it"),
  port: z.int().min(0).max(65_535).default(8765).describe("Port to listen on; 0 takes any free one"),
  routing: z.boolean().default(false).describe("Send commands that are made for it (daemonCommand, routeCommander) through this instance"),
  drainTimeoutMs: DurationMs.default(10_000).describe("How long a stop waits for running executions"),
  logLevel: z.enum(["fatal", "error", "warn", "info", "debug", "trace"]).default("info").describe("What is written to the log"),
});

const CommandsTable = z.strictObject({
  modules: z.array(z.string().min(1)).default([]).describe("Globs of TypeScript or JavaScript modules, relative to this file"),
  timeoutMs: DurationMs.default(300_000).describe("Limit of one execution, unless the command has its own"),
  maxConcurrent: z.int().min(1).max(1000).default(10).describe("Executions at once; more wait in the queue"),
  maxQueued: z.int().min(0).max(100_000).default(10_000).describe("Executions that may wait; with so many waiting, new ones are refused"),
  workers: z.int().min(0).max(64).default(0).describe("Warm processes for commands in modules; 0 chooses by the number of cores"),
});

/** A field of a program command's input; the same words as JSON Schema, kept to what an argv can carry. */
const CommandField = z.strictObject({
  type: z.enum(["string", "integer", "number", "boolean"]).default("string").describe("Kind of value"),
  default: z.union([z.string(), z.number(), z.boolean()]).optional().describe("Value when none is given; without it the field is required"),
  description: z.string().optional().describe("Shown in the command's usage"),
  enum: z
    .array(z.union([z.string(), z.number()]))
    .min(1)
    .optional()
    .describe("The values that are allowed"),
});

const CommandTable = z.strictObject({
  argv: z
    .array(z.string())
    .min(1)
    .describe("Program and arguments; `{field}` becomes the input field of that name, always inside one argument"),
  summary: z.string().default("").describe("One line for lists"),
  input: z
    .record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/), CommandField)
    .default({})
    .describe("The fields that a caller may give"),
  cwd: z.string().optional().describe("Folder to run in; default: that of this file"),
  env: z.record(z.string(), z.string()).default({}).describe("Variables added to the environment; never shown by `config show`"),
  timeoutMs: DurationMs.optional().describe("Limit of one execution"),
});

const ScheduleTable = z.strictObject({
  command: Name.describe("The command that each tick runs"),
  input: z.record(z.string(), z.unknown()).optional().describe("Its input; either this or argv"),
  argv: z.array(z.string()).optional().describe("Its command line; either this or input"),
  cron: timingFields.cron.optional().describe(`${timingFields.cron.description}. Exactly one of cron, everyMs, and at`),
  timeZone: timingFields.timeZone.optional().describe(timingFields.timeZone.description as string),
  everyMs: timingFields.everyMs.optional().describe(timingFields.everyMs.description as string),
  at: timingFields.at.optional().describe(timingFields.at.description as string),
  misfire: timingFields.misfire.default(timingDefaults.misfire).describe(timingFields.misfire.description as string),
  misfireMax: timingFields.misfireMax.default(timingDefaults.misfireMax).describe(timingFields.misfireMax.description as string),
  catchUpMs: timingFields.catchUpMs.default(timingDefaults.catchUpMs).describe(timingFields.catchUpMs.description as string),
  overlap: timingFields.overlap.default(timingDefaults.overlap).describe(timingFields.overlap.description as string),
  jitterMs: timingFields.jitterMs.default(timingDefaults.jitterMs).describe(timingFields.jitterMs.description as string),
  cwd: z.string().startsWith("/", "must be an absolute path").optional().describe("Folder to run in; default: the command's own"),
  env: Environment.default({}).describe("Variables added to the environment; never shown"),
  timeoutMs: DurationMs.min(1).optional().describe("Limit of one execution; default: the command's own"),
  priority: z.int().min(-100).max(100).default(0).describe("Higher runs first when there is a queue"),
  tags: z.array(DisplayText.max(64).min(1)).max(16).default([]).describe("For gantry history --tag"),
});

const SessionsTable = z.strictObject({
  max: z.int().min(1).max(1000).default(10).describe("Sessions at once"),
  scrollbackLines: z.int().min(0).max(100_000).default(5000).describe("Lines kept above the screen"),
});

export const Configuration = z.strictObject({
  instance: InstanceName.default("default").describe("The instance that this folder belongs to"),
  daemon: DaemonTable.prefault({}),
  commands: CommandsTable.prefault({}),
  command: z.record(Name, CommandTable).default({}),
  schedule: z.record(Name.max(64), ScheduleTable).default({}),
  sessions: SessionsTable.prefault({}),
});
export type Configuration = z.infer<typeof Configuration>;
export type ProgramCommand = z.infer<typeof CommandTable>;
export type ScheduleConfiguration = z.infer<typeof ScheduleTable>;
