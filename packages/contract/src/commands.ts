/** Commands: named, schema-checked things that can be executed. What exists here; running it is the room `executions`. */
import { z } from "zod";

import { operation, room } from "./operation.ts";
import { DurationMs, Name, pageInput, pageOf, QueueName } from "./primitives.ts";

/** `function`: TypeScript or JavaScript of a module, run by a warm worker. `program`: an argument array of the configuration, run as a child process. */
export const CommandKind = z.enum(["function", "program"]);
export type CommandKind = z.infer<typeof CommandKind>;

/** How a command's executions wait and are repeated: the same words in `[command.<name>]` and in defineCommand. */
export const CommandPolicy = z.strictObject({
  queue: QueueName.optional().describe("Where its executions wait unless the caller says otherwise; default: the queue `default`"),
  maxConcurrent: z.int().min(1).max(1000).optional().describe("Executions of this command at once; more wait, without holding up others"),
  retries: z.int().min(0).max(100).default(0).describe("Further attempts after one that failed or timed out"),
  retryDelayMs: DurationMs.default(1000).describe(
    "Longest wait before the first further attempt; doubles with each, and the wait is any part of it",
  ),
  retryMaxDelayMs: DurationMs.default(300_000).describe("Longest wait before any further attempt"),
  idempotent: z
    .boolean()
    .default(false)
    .describe("May be run again when nobody knows how far it came: after a crash of Gantry or of its worker"),
});
export type CommandPolicy = z.output<typeof CommandPolicy>;

/** A JSON Schema (draft 2020-12) document. Its own vocabulary is not repeated here. */
export const JsonSchema = z.record(z.string(), z.unknown());
export type JsonSchema = z.infer<typeof JsonSchema>;

export const CommandSummary = z.object({
  name: Name,
  kind: CommandKind,
  summary: z.string(),
  /** The module file or configuration file that defines it. */
  source: z.string(),
});
export type CommandSummary = z.infer<typeof CommandSummary>;

/** What a command's results depend on besides its code, input, and folder, and how long they are kept. */
export const CommandCache = z.object({
  ttlMs: z.int().min(1),
  /** Globs of files, relative to the folder that it runs in. */
  files: z.array(z.string().min(1)).default([]),
  /** Names of variables. */
  env: z.array(z.string().min(1)).default([]),
});
export type CommandCache = z.infer<typeof CommandCache>;

export const Command = CommandSummary.extend({
  /** Always an object schema. Defaults are part of it. */
  inputSchema: JsonSchema,
  /** Fields that may be given without their flag, in this order; the last one may be an array that takes the rest. */
  positionals: z.array(z.string()),
  /** The text that `gantry run <name> --help` prints. */
  usage: z.string(),
  timeoutMs: z.int(),
  policy: CommandPolicy.extend({ queue: QueueName }).strip(),
  /** Null: its results are not kept. */
  cache: CommandCache.nullable(),
  /** Programs only: the argument array with `{field}` placeholders. */
  argvTemplate: z.array(z.string()).optional(),
});
export type Command = z.infer<typeof Command>;

/** A module or definition that could not be loaded. The others work on. */
export const CommandProblem = z.object({ source: z.string(), message: z.string() });
export type CommandProblem = z.infer<typeof CommandProblem>;

export const commandOperations = room("commands", {
  list: operation({
    method: "GET",
    path: "/commands",
    permission: "executions.read",
    summary: "List the registered commands, and the modules that failed to load",
    input: z.object(pageInput),
    output: pageOf(CommandSummary).extend({ problems: z.array(CommandProblem) }),
  }),
  get: operation({
    method: "GET",
    path: "/commands/:name",
    permission: "executions.read",
    summary: "Describe one command: its input schema, positional arguments, and usage text",
    input: z.object({ name: Name }),
    output: Command,
    errors: ["notFound"],
  }),
});
