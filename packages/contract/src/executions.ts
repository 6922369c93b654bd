/** Executions: one run of a command. An accepted execution is durable before it is acknowledged; its outcome is a value, never an error. */
import { z } from "zod";

import { CommandKind, CommandPolicy } from "./commands.ts";
import { event } from "./event.ts";
import { operation, room } from "./operation.ts";
import {
  DisplayText,
  DurationMs,
  Environment,
  ExecutionId,
  Name,
  pageInput,
  pageOf,
  ProcessText,
  QueueName,
  Timestamp,
} from "./primitives.ts";

/** From the first try on. What makes executions, such as a tick or a batch's item, shows these after states of its own. */
export const startedStates = ["running", "succeeded", "failed", "timedOut", "cancelled", "interrupted", "expired"] as const;

export type EndedState = Exclude<(typeof startedStates)[number], "running">;
export const endedStates = startedStates.filter((state): state is EndedState => state !== "running");

export const ExecutionState = z.enum(["scheduled", "queued", ...startedStates]);
export type ExecutionState = z.infer<typeof ExecutionState>;

/** Why an execution did not succeed, in the words of whoever failed. `code` is a GantryError code or the program's own. */
export const ExecutionError = z.object({
  name: z.string(),
  message: z.string(),
  code: z.string().optional(),
  stack: z.string().optional(),
  cause: z.unknown().optional(),
});
export type ExecutionError = z.infer<typeof ExecutionError>;

/** What every view of an execution tells. Fields that are not known yet are null. */
const outcome = {
  executionId: ExecutionId,
  state: ExecutionState,
  /** Null until it has ended. */
  success: z.boolean().nullable(),
  error: ExecutionError.nullable(),
  /** The process's own; 0 or 1 for a function that returned or threw; null after a signal or when it never ran. */
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  durationMs: z.int().nullable(),
  queuedMs: z.int().nullable(),
  cached: z.boolean(),
  attempt: z.int(),
} as const;

const facts = {
  command: Name,
  kind: CommandKind,
  queue: QueueName,
  priority: z.int(),
  tags: z.array(z.string()),
  cwd: z.string(),
  /** The key that started it, or `local` for the owner on the control socket. */
  owner: z.string(),
  /** Of each attempt. */
  timeoutMs: z.int(),
  /** Further attempts allowed after one that failed or timed out. */
  retries: z.int(),
  /** It does again what this one did. */
  retryOf: ExecutionId.nullable(),
  createdAt: Timestamp,
  /** Not before: a delayed start, or the next attempt. */
  dueAt: Timestamp.nullable(),
  /** One that has not begun by then never does. */
  expiresAt: Timestamp.nullable(),
  /** Of the first attempt. */
  startedAt: Timestamp.nullable(),
  endedAt: Timestamp.nullable(),
  /** All bytes of stdout and stderr so far. */
  outputBytes: z.int(),
} as const;

/** The answer of a finished `execute`. */
export const ExecutionResult = z.object({
  ...outcome,
  /** What a function returned, as JSON; null for programs. */
  result: z.unknown(),
  /** Stdout and stderr in order of arrival, as text; the last `outputLimitBytes` of it. */
  output: z.string(),
  outputBytes: z.int(),
  outputTruncated: z.boolean(),
  /** Of a cached result: how long ago its execution, which is the one named here, ended. Null when it was run for this request. */
  cacheAgeMs: z.int().nullable(),
});
export type ExecutionResult = z.infer<typeof ExecutionResult>;

/** `output` in a result holds at most this much; GET /executions/{id}/output has all. */
export const outputLimitBytes = 256 * 1024;

export const ExecutionSummary = z.object({ ...outcome, ...facts });
export type ExecutionSummary = z.infer<typeof ExecutionSummary>;

/** One try. Rows of their own, because a retry must not erase what happened before it. */
export const Attempt = z.object({
  attempt: z.int(),
  state: ExecutionState,
  startedAt: Timestamp,
  endedAt: Timestamp.nullable(),
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  error: ExecutionError.nullable(),
});
export type Attempt = z.infer<typeof Attempt>;

export const Execution = z.object({
  ...outcome,
  ...facts,
  input: z.record(z.string(), z.unknown()),
  result: z.unknown(),
  attempts: z.array(Attempt),
  /** Of outputBytes, what was over the limit of a log and is not kept: from the middle, so that beginning and end are there. */
  outputDroppedBytes: z.int(),
  /** Processes that it started and that got out of its process group before it ended; those of a stopped execution are killed. Linux only. */
  leftovers: z.array(z.object({ pid: z.int(), command: z.string() })),
});
export type Execution = z.infer<typeof Execution>;

const OutputStream = z.enum(["stdout", "stderr"]);

/** One piece of output. `text` when the bytes are UTF-8 by themselves, else `base64`; `nextOffset` is where to resume. */
export const OutputRecord = z.object({
  type: z.literal("output"),
  stream: OutputStream,
  offset: z.int(),
  nextOffset: z.int(),
  time: Timestamp,
  text: z.string().optional(),
  base64: z.string().optional(),
});
export type OutputRecord = z.infer<typeof OutputRecord>;

export const OutputEvent = z.discriminatedUnion("type", [
  OutputRecord,
  z.object({ type: z.literal("end"), state: ExecutionState, nextOffset: z.int() }),
]);
export type OutputEvent = z.infer<typeof OutputEvent>;

/** What a streaming `execute` tells, in this order: accepted, then state, retrying, progress, and output as they come, then result. */
export const ExecuteEvent = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("accepted"),
    executionId: ExecutionId,
    state: ExecutionState,
    /** Another request has begun it; this one only follows. Told again, with another execution, when that one was cancelled. */
    joined: z.boolean().optional(),
  }),
  z.object({ type: z.literal("state"), executionId: ExecutionId, state: ExecutionState, attempt: z.int() }),
  /** An attempt has ended in this state, and another begins after the delay. */
  z.object({
    type: z.literal("retrying"),
    executionId: ExecutionId,
    attempt: z.int(),
    state: ExecutionState,
    error: ExecutionError.nullable(),
    delayMs: z.int(),
    dueAt: Timestamp,
  }),
  z.object({ type: z.literal("progress"), done: z.number(), total: z.number().nullable(), text: z.string() }),
  OutputRecord,
  z.object({ type: z.literal("result"), result: ExecutionResult }),
]);
export type ExecuteEvent = z.infer<typeof ExecuteEvent>;

const Argument = ProcessText.max(131_072);

export const ExecuteInput = z.object({
  command: Name,
  /** The command's input as JSON. Either this or `argv`. */
  input: z.record(z.string(), z.unknown()).optional(),
  /** Command-line words that the daemon parses against the command's schema. */
  argv: z.array(Argument).max(4096).optional(),
  /** Absolute. Needs the right to run freely. The instance's project folder unless given. */
  cwd: ProcessText.max(4096).startsWith("/", "must be an absolute path").optional(),
  /** Added to the command's environment. Needs the right to run freely. Forgotten when the execution has ended. */
  env: Environment.optional(),
  timeoutMs: DurationMs.min(1).optional(),
  /** Higher runs first; first come, first served inside one priority. */
  priority: z.int().min(-100).max(100).default(0),
  /** The command's own unless given. */
  queue: QueueName.optional(),
  /** Further attempts after one that failed or timed out; the command's own unless given. */
  retries: CommandPolicy.shape.retries.unwrap().optional(),
  /** Longest wait before the first further attempt; doubles with each, and the wait is any part of it. The command's own unless given. */
  retryDelayMs: DurationMs.optional(),
  /** Begins this much later. */
  delayMs: DurationMs.optional(),
  /** If it has not begun by then, it never does and ends as `expired`. */
  expiresInMs: DurationMs.min(1).optional(),
  tags: z.array(DisplayText.max(64).min(1)).max(16).default([]),
  /** Chosen by the caller, such as a UUID. The same caller's repeated request with it answers with the first execution, also after a restart. */
  idempotencyKey: z.string().min(1).max(255).optional(),
  /**
   * Of a command that has a cache: `use` (the default) answers with a kept result, or joins an execution of the same that runs; `refresh` takes
   * no kept result; `bypass` neither takes, nor joins, nor keeps one. A request with an idempotencyKey or delayMs always
   * runs by itself.
   */
  cache: z.enum(["use", "refresh", "bypass"]).default("use"),
  /** True (the default): answer with the outcome, and cancel if the caller goes away. False: answer 202 once it is durable. */
  wait: z.boolean().default(true),
});
export type ExecuteInput = z.output<typeof ExecuteInput>;

const id = ExecutionId;

export const executionOperations = room("executions", {
  execute: operation({
    method: "POST",
    path: "/execute",
    permission: "executions.run",
    summary: "Run a command: with its outcome, with its live output (as a stream), or detached",
    input: ExecuteInput,
    output: ExecutionResult,
    events: ExecuteEvent,
    mayTakeLong: true,
    successStatus: ({ state }) => (state === "scheduled" || state === "queued" || state === "running" ? 202 : 200),
    errors: ["notFound", "conflict", "resourceExhausted", "unavailable"],
  }),
  list: operation({
    method: "GET",
    path: "/executions",
    permission: "executions.read",
    summary: "List executions, newest first",
    input: z.object({
      ...pageInput,
      command: Name.optional(),
      state: z.union([ExecutionState, z.array(ExecutionState)]).optional(),
      tag: z.string().max(64).optional(),
      /** The key that started it, or `local`. Keys that see only their own always get their own. */
      owner: z.string().max(64).optional(),
      /** In the command's name, the owner, a tag, or the error; upper and lower case are the same. */
      text: z.string().min(1).max(200).optional(),
      /** It ran at least so long. */
      minDurationMs: DurationMs.optional(),
      /** Created at or after. */
      since: Timestamp.optional(),
      /** Created before. */
      until: Timestamp.optional(),
    }),
    output: pageOf(ExecutionSummary),
  }),
  get: operation({
    method: "GET",
    path: "/executions/:id",
    permission: "executions.read",
    summary: "Show one execution with its input, result, and attempts",
    input: z.object({ id }),
    output: Execution,
    errors: ["notFound"],
  }),
  output: operation({
    method: "GET",
    path: "/executions/:id/output",
    permission: "executions.read",
    summary: "The output as text, or as a stream of records that follows until the end and resumes at an offset",
    input: z.object({
      id,
      /** A `nextOffset` seen before; records that end at or before it are left out. */
      since: z.int().min(0).default(0),
      stream: OutputStream.optional(),
      /** Streams only: go on until the execution has ended (the default), or end with what there is now. */
      follow: z.boolean().default(true),
    }),
    output: z.string(),
    textType: "text/plain",
    events: OutputEvent,
    errors: ["notFound"],
  }),
  retry: operation({
    method: "POST",
    path: "/executions/:id/retry",
    permission: "executions.run",
    summary: "Run an ended execution again as a new one: the same command, input, folder, tags, and queue, without the caller's variables",
    input: z.object({ id }),
    output: ExecutionSummary,
    successStatus: () => 202,
    errors: ["notFound", "conflict", "resourceExhausted", "unavailable"],
  }),
  cancel: operation({
    method: "POST",
    path: "/executions/:id/cancel",
    permission: "executions.control",
    summary: "Stop an execution: abort signal, then TERM, then KILL to its process group; answers when it is gone",
    input: z.object({ id }),
    output: ExecutionSummary,
    errors: ["notFound"],
    idempotent: true,
  }),
});

/** Short enough for every subscriber; whoever wants more asks for the execution. */
const Brief = z.object({
  executionId: ExecutionId,
  command: Name,
  kind: CommandKind,
  state: ExecutionState,
  owner: z.string(),
  attempt: z.int(),
});

export const executionEvents = {
  "execution.accepted": event("executions.read", Brief),
  "execution.started": event("executions.read", Brief),
  "execution.progress": event(
    "executions.read",
    z.object({ executionId: ExecutionId, owner: z.string(), done: z.number(), total: z.number().nullable(), text: z.string() }),
  ),
  "execution.retrying": event(
    "executions.read",
    /** `ended`: how the attempt has ended. */
    Brief.extend({ ended: ExecutionState, exitCode: z.int().nullable(), delayMs: z.int(), dueAt: Timestamp }),
  ),
  "execution.ended": event(
    "executions.read",
    Brief.extend({ success: z.boolean(), exitCode: z.int().nullable(), durationMs: z.int().nullable() }),
  ),
} as const;
