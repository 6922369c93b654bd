/** The configuration file, gantry.toml: every key, its type, and its default. Unknown keys are errors. */
import { z } from "zod";

import { DurationMs, InstanceName, Name } from "./primitives.ts";

const DaemonTable = z.strictObject({
  host: z.enum(["127.0.0.1", "::1", "localhost"]).default("127.0.0.1").describe("Address to listen on; only this machine can reach it"),
  port: z.int().min(0).max(65_535).default(8765).describe("Port to listen on; 0 takes any free one"),
  drainTimeoutMs: DurationMs.default(10_000).describe("How long a stop waits for running executions"),
  logLevel: z.enum(["fatal", "error", "warn", "info", "debug", "trace"]).default("info").describe("What is written to the log"),
});

const CommandsTable = z.strictObject({
  modules: z.array(z.string().min(1)).default([]).describe("Globs of TypeScript or JavaScript modules, relative to this file"),
  timeoutMs: DurationMs.default(300_000).describe("Limit of one execution, unless the command has its own"),
  maxConcurrent: z.int().min(1).max(1000).default(10).describe("Executions at once; more wait in the queue"),
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

const SessionsTable = z.strictObject({
  max: z.int().min(1).max(1000).default(10).describe("Sessions at once"),
  scrollbackLines: z.int().min(0).max(100_000).default(5000).describe("Lines kept above the screen"),
});

export const Configuration = z.strictObject({
  instance: InstanceName.default("default").describe("The instance that this folder belongs to"),
  daemon: DaemonTable.prefault({}),
  commands: CommandsTable.prefault({}),
  command: z.record(Name, CommandTable).default({}),
  sessions: SessionsTable.prefault({}),
});
export type Configuration = z.infer<typeof Configuration>;
export type ProgramCommand = z.infer<typeof CommandTable>;
