/** The configuration file, gantry.toml: every key, its type, and its default. Unknown keys are errors. */
import { z } from "zod";

import { CommandPolicy } from "./commands.ts";
import { DisplayText, DurationMs, Environment, EnvironmentName, InstanceName, Name, QueueName } from "./primitives.ts";
import { timingDefaults, timingFields } from "./schedules.ts";

const DaemonTable = z.strictObject({
  host: z.enum(["127.0.0.1", "::1", "localhost"]).default("127.0.0.1").describe("Address to listen on; only this machine can reach it"),
  port: z.int().min(0).max(65_535).default(8765).describe("Port to listen on; 0 takes any free one"),
  routing: z.boolean().default(false).describe("Send commands that are made for it (daemonCommand, routeCommander) through this instance"),
  drainTimeoutMs: DurationMs.default(10_000).describe("How long a stop waits for running executions"),
  logLevel: z.enum(["fatal", "error", "warn", "info", "debug", "trace"]).default("info").describe("What is written to the log"),
  logMaxBytes: z
    .int()
    .min(65_536)
    .max(10_737_418_240)
    .default(20_971_520)
    .describe("A log that grew over this is put aside as daemon.log.1, replacing the one before"),
  autoStart: z.boolean().default(false).describe("Let a command that needs the instance start it when it does not run"),
  idleExitMs: DurationMs.default(900_000).describe(
    "An instance that was started that way ends after so long without work, sessions, schedules, and callers; 0 keeps it",
  ),
});

const days = z.int().min(0).max(36_500);

const HistoryTable = z.strictObject({
  maxAgeDays: days.default(30).describe("Days after its end that a successful execution is kept"),
  failedMaxAgeDays: days.default(90).describe("The same for every other outcome"),
  maxCount: z
    .int()
    .min(0)
    .default(100_000)
    .describe("Ended executions kept; the oldest go first, and neither outcome drives the other below half"),
  maxBytes: z
    .int()
    .min(0)
    .default(2_147_483_648)
    .describe("Space that they and their output may take; made in the same way as for maxCount"),
});

const CommandsTable = z.strictObject({
  modules: z.array(z.string().min(1)).default([]).describe("Globs of TypeScript or JavaScript modules, relative to this file"),
  timeoutMs: DurationMs.default(300_000).describe("Limit of one execution, unless the command has its own"),
  maxConcurrent: z.int().min(1).max(1000).default(10).describe("Executions at once; more wait in the queue"),
  maxQueued: z.int().min(0).max(100_000).default(10_000).describe("Executions that may wait; with so many waiting, new ones are refused"),
  workerMemoryMb: z
    .int()
    .min(128)
    .max(1_048_576)
    .default(1024)
    .describe("A warm process that has grown beyond this (MiB) is replaced after its execution"),
  outputMaxBytes: z
    .int()
    .min(1_048_576)
    .max(10_737_418_240)
    .default(67_108_864)
    .describe("How much of an execution's output is kept, besides the last 64 KiB of it; what lies between is dropped"),
  workers: z.int().min(0).max(64).default(0).describe("Warm processes for commands in modules; 0 chooses by the number of cores"),
  cache: z.boolean().default(true).describe("Keep results of the commands that ask for it (cacheTtlMs)"),
  cacheMaxBytes: z.int().min(0).default(268_435_456).describe("Space for them; those used longest ago go first"),
  history: HistoryTable.prefault({}),
});

const QueueTable = z.strictObject({
  maxConcurrent: z.int().min(1).max(1000).optional().describe("Executions of this queue at once; default: as many as the instance runs"),
  maxQueued: z
    .int()
    .min(0)
    .max(100_000)
    .optional()
    .describe("Executions that may wait in this queue; with so many waiting, new ones are refused"),
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
  secret: z.boolean().optional().describe("Never stored readable or shown; not for argv, only for env"),
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
  env: z
    .record(z.string(), z.string())
    .default({})
    .describe("Variables added to the environment; `{field}` as in argv; never shown by `config show`"),
  timeoutMs: DurationMs.optional().describe("Limit of one execution"),
  ...CommandPolicy.shape,
  cacheTtlMs: DurationMs.min(1)
    .optional()
    .describe("Keep its successful results so long, and answer the same request with them; default: not at all"),
  cacheFiles: z
    .array(z.string().min(1))
    .optional()
    .describe("Globs, relative to the folder that it runs in: with other contents of these files it is another request"),
  cacheEnv: z.array(z.string().min(1)).optional().describe("Names of variables: with other values of these it is another request"),
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
  queue: QueueName.optional().describe("Where its executions wait; default: the command's own queue"),
  tags: z.array(DisplayText.max(64).min(1)).max(16).default([]).describe("For gantry history --tag"),
});

/** Kinds of providers that the daemon runs or reaches itself; `socket` declares a name that dials in from elsewhere. */
export const ProviderType = z.enum(["process", "socket", "mcp", "openai", "cli"]);
export type ProviderType = z.infer<typeof ProviderType>;

const ProviderTable = z.strictObject({
  type: ProviderType.describe(
    "`process`: a program that Gantry starts and that dials in; `socket`: dials in by itself; `mcp`: an MCP server; `openai`: an OpenAI-compatible URL; `cli`: an AI CLI",
  ),
  description: DisplayText.optional().describe("Shown in lists, when the provider has no words of its own"),
  command: z.string().min(1).optional().describe("Program to start, by name or path (process, mcp, cli)"),
  args: z.array(z.string()).default([]).describe("Its arguments; never put a secret here, every process can read them"),
  env: Environment.default({}).describe("Variables added to its environment; never shown"),
  envFrom: z.array(EnvironmentName).default([]).describe("Names of variables that are handed on from the daemon's own environment"),
  cwd: z.string().min(1).optional().describe("Folder it runs in, relative to this file; default: the folder of this file"),
  url: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe("Where it is reached (mcp over streamable HTTP, openai)"),
  apiKeyEnv: EnvironmentName.optional().describe("Name of the daemon's variable that holds the key for `url`"),
  apiKeyFile: z.string().min(1).optional().describe("File of mode 0600 that holds the key for `url`, relative to this file"),
  models: z.array(Name).default([]).describe("Models it offers (openai, cli); default: what it reports itself"),
  responses: z.boolean().default(false).describe("The server also has OpenAI's /responses; otherwise those are made of chats (openai)"),
  instances: z.int().min(1).max(64).default(1).describe("How many of it run side by side"),
  concurrency: z.int().min(1).max(100_000).optional().describe("Calls that one instance takes at once; default: by its type"),
  timeoutMs: DurationMs.min(1).optional().describe("Budget of a call that names none"),
  startTimeoutMs: DurationMs.min(100).default(30_000).describe("How long a start may take until it is ready"),
  autoStart: z.boolean().default(true).describe("Start it with the daemon; otherwise `gantry providers restart <name>` starts it"),
  autoRestart: z.boolean().default(true).describe("Start it again when it ends, for ever, with growing pauses of up to a minute"),
});

const McpTable = z.strictObject({
  commands: z
    .array(z.string().min(1))
    .default([])
    .describe("Commands that are offered as tools under /mcp, by name; `*` stands for all of them"),
});

const SessionsTable = z.strictObject({
  max: z.int().min(1).max(1000).default(10).describe("Sessions at once"),
  maxPerKey: z.int().min(1).max(1000).optional().describe("Sessions at once that one key may have open; default: only `max` limits"),
  idleTimeoutMs: DurationMs.default(7_200_000).describe(
    "A session that nobody views is ended after so long without input, output, or work; 0: never",
  ),
  cleanupIntervalMs: DurationMs.min(1000).default(300_000).describe("How often idle sessions are looked for"),
  memoryLimitMb: z.int().min(1).optional().describe("A session whose processes together use more is ended; default: no limit"),
  clipboard: z
    .boolean()
    .default(false)
    .describe("Let programs write the clipboard of whoever is attached (OSC 52); reading it is never possible"),
  record: z.boolean().default(false).describe("Record sessions that do not say whether they want it"),
  recordLimitBytes: z
    .int()
    .min(4096)
    .max(24_000_000)
    .default(16_000_000)
    .describe("Output in one recording; a session that prints more goes on unrecorded"),
  recordTotalBytes: z.int().min(0).default(1_000_000_000).describe("All recordings together; the oldest go first, at the next cleanup"),
  scrollbackLines: z.int().min(0).max(100_000).default(5000).describe("Lines kept above the screen"),
});

const AgentRuleTable = z.strictObject({
  state: z.enum(["working", "waitingPermission", "waitingInput", "idle"]).describe("What the agent is doing when the pattern matches"),
  match: z.string().min(1).max(1000).describe("Pattern in RE2's syntax; `^` and `$` are a line's ends"),
  in: z
    .enum(["screen", "bottom", "title"])
    .default("screen")
    .describe("Where: the whole screen, its last 12 lines with text, or the title"),
});

const ProfileTable = z.strictObject({
  extends: Name.optional().describe("The profile that this one changes; default: the built-in one of the same name"),
  binary: z.string().min(1).optional().describe("Name on the PATH, or absolute path, of the program"),
  args: z.array(z.string()).optional().describe("Arguments of every start, after those of the profile it extends"),
  env: z.record(z.string(), z.string()).default({}).describe("Variables added to the environment; never shown by `config show`"),
  fullAccess: z.boolean().default(false).describe("Always start with the arguments that let the agent act without asking"),
  rules: z
    .array(AgentRuleTable)
    .max(100)
    .default([])
    .describe("How to read the agent's state from its screen; tried before those it extends"),
});

export const Configuration = z.strictObject({
  instance: InstanceName.default("default").describe("The instance that this folder belongs to"),
  daemon: DaemonTable.prefault({}),
  commands: CommandsTable.prefault({}),
  queue: z.record(QueueName, QueueTable).default({}),
  command: z.record(Name, CommandTable).default({}),
  schedule: z.record(Name.max(64), ScheduleTable).default({}),
  sessions: SessionsTable.prefault({}),
  provider: z.record(Name, ProviderTable).default({}),
  mcp: McpTable.prefault({}),
  profile: z.record(Name.max(64), ProfileTable).default({}),
});
export type Configuration = z.infer<typeof Configuration>;
export type HistoryLimits = z.infer<typeof HistoryTable>;
export type ProfileConfiguration = z.infer<typeof ProfileTable>;
export type ProgramCommand = z.infer<typeof CommandTable>;
export type ProviderConfiguration = z.infer<typeof ProviderTable>;
export type ScheduleConfiguration = z.infer<typeof ScheduleTable>;
