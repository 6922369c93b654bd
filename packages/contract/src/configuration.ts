/** The configuration file, gantry.toml: every key, its type, and its default. Unknown keys are errors. */
import { z } from "zod";

import { DurationMs, InstanceName, Name } from "./primitives.ts";

const DaemonTable = z.strictObject({
  host: z.enum(["127.0.0.1", "::1", "localhost"]).default("127.0.0.1"),
  port: z.int().min(0).max(65_535).default(8765),
  drainTimeoutMs: DurationMs.default(10_000),
  logLevel: z.enum(["fatal", "error", "warn", "info", "debug", "trace"]).default("info"),
});

const CommandsTable = z.strictObject({
  /** Globs of TypeScript or JavaScript modules, relative to the file that names them. */
  modules: z.array(z.string().min(1)).default([]),
  timeoutMs: DurationMs.default(300_000),
  maxConcurrent: z.int().min(1).max(1000).default(10),
  /** Warm worker processes for function commands; 0 chooses by the number of cores. */
  workers: z.int().min(0).max(64).default(0),
});

/** A field of a program command's input; the same words as JSON Schema, kept to what an argv can carry. */
const CommandField = z.strictObject({
  type: z.enum(["string", "integer", "number", "boolean"]).default("string"),
  default: z.union([z.string(), z.number(), z.boolean()]).optional(),
  description: z.string().optional(),
  enum: z
    .array(z.union([z.string(), z.number()]))
    .min(1)
    .optional(),
});

const CommandTable = z.strictObject({
  /** Program and arguments; `{field}` is replaced by the input field of that name, always inside one argument. */
  argv: z.array(z.string()).min(1),
  summary: z.string().default(""),
  input: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]*$/), CommandField).default({}),
  cwd: z.string().optional(),
  env: z.record(z.string(), z.string()).default({}),
  timeoutMs: DurationMs.optional(),
});

const SessionsTable = z.strictObject({
  max: z.int().min(1).max(1000).default(10),
  scrollbackLines: z.int().min(0).max(100_000).default(5000),
});

export const Configuration = z.strictObject({
  instance: InstanceName.default("default"),
  daemon: DaemonTable.prefault({}),
  commands: CommandsTable.prefault({}),
  command: z.record(Name, CommandTable).default({}),
  sessions: SessionsTable.prefault({}),
});
export type Configuration = z.infer<typeof Configuration>;
export type ProgramCommand = z.infer<typeof CommandTable>;
