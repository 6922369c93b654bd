/** Schedules: executions made at times. Each tick is `schedule@scheduledUtc`, recorded once and for ever, so no restart can fire it twice. */
import { z } from "zod";

import { event } from "./event.ts";
import { ExecuteInput, ExecutionError, startedStates } from "./executions.ts";
import { operation, room } from "./operation.ts";
import { DurationMs, ExecutionId, Name, pageInput, pageOf, QueueName, ScheduleId, Timestamp } from "./primitives.ts";

export const TimeZone = z.string().max(64).refine(isTimeZone, { error: "must be an IANA time zone, such as Europe/Berlin or UTC" });

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name }).format();
    return true;
  } catch {
    return false;
  }
}

export const MisfirePolicy = z.enum(["skip", "latest", "all"]);
export type MisfirePolicy = z.infer<typeof MisfirePolicy>;

export const OverlapPolicy = z.enum(["skip", "queueOne", "allow", "cancelPrevious"]);
export type OverlapPolicy = z.infer<typeof OverlapPolicy>;

/** When a schedule ticks and what becomes of ticks that come late or meet each other. Exactly one of cron, everyMs, and at. */
export const timingFields = {
  cron: z.string().max(256).describe("Five fields (minute hour day month weekday), or six with seconds first; also @daily and the like"),
  timeZone: TimeZone.describe("IANA time zone that cron is read in; the machine's own unless given"),
  everyMs: DurationMs.min(1000).describe("Milliseconds from tick to tick"),
  at: Timestamp.describe("Once, at this time"),
  misfire: MisfirePolicy.describe("Ticks that nobody was there for: none, the latest, or all of them"),
  misfireMax: z.int().min(1).max(1000).describe("With misfire = all: at most so many, the latest ones"),
  catchUpMs: DurationMs.max(604_800_000).describe("Only ticks missed by less than this are made up for"),
  overlap: OverlapPolicy.describe(
    "When the run before still goes on: leave this one out, hold one back, run both, or cancel the one before",
  ),
  jitterMs: DurationMs.max(86_400_000).describe("Each tick starts up to this much later, always by the same for the same tick"),
} as const;

export const timingDefaults = { misfire: "latest", misfireMax: 100, catchUpMs: 300_000, overlap: "skip", jitterMs: 0 } as const;

const { command, input, argv, cwd, env, timeoutMs, priority, queue, tags } = ExecuteInput.shape;
/** What each tick runs; as in `execute`. */
const requestFields = { command, input, argv, cwd, env, timeoutMs, queue } as const;

export const CreateScheduleInput = z.object({
  name: Name.max(64),
  ...requestFields,
  priority,
  tags,
  cron: timingFields.cron.optional(),
  timeZone: timingFields.timeZone.optional(),
  everyMs: timingFields.everyMs.optional(),
  at: timingFields.at.optional(),
  misfire: timingFields.misfire.default(timingDefaults.misfire),
  misfireMax: timingFields.misfireMax.default(timingDefaults.misfireMax),
  catchUpMs: timingFields.catchUpMs.default(timingDefaults.catchUpMs),
  overlap: timingFields.overlap.default(timingDefaults.overlap),
  jitterMs: timingFields.jitterMs.default(timingDefaults.jitterMs),
  paused: z.boolean().default(false),
});
export type CreateScheduleInput = z.output<typeof CreateScheduleInput>;

/** `schedule` is an id or a name. */
const which = { schedule: z.string().min(1).max(128) } as const;

/** Only what is given changes. A new cron, everyMs, or at replaces the timing before. */
const UpdateScheduleInput = z.object({
  ...which,
  command: command.optional(),
  input,
  argv,
  cwd,
  env,
  timeoutMs,
  queue,
  priority: priority.unwrap().optional(),
  tags: tags.unwrap().optional(),
  cron: timingFields.cron.optional(),
  timeZone: timingFields.timeZone.optional(),
  everyMs: timingFields.everyMs.optional(),
  at: timingFields.at.optional(),
  misfire: timingFields.misfire.optional(),
  misfireMax: timingFields.misfireMax.optional(),
  catchUpMs: timingFields.catchUpMs.optional(),
  overlap: timingFields.overlap.optional(),
  jitterMs: timingFields.jitterMs.optional(),
});
export type UpdateScheduleInput = z.output<typeof UpdateScheduleInput>;

/**
 * `waiting`: for its jitter or for the run before. `starting`: promised to be run. Then the states of its execution.
 * `skipped`: left out because of overlap. `missed`: nobody was there for it. `refused`: it could not be run; `error` says why.
 */
export const TickState = z.enum(["waiting", "starting", ...startedStates, "skipped", "missed", "refused"]);
export type TickState = z.infer<typeof TickState>;

export const Tick = z.object({
  /** `schedule id@scheduledAt`. */
  tick: z.string(),
  scheduledAt: Timestamp,
  /** False: it was triggered by hand. */
  onSchedule: z.boolean(),
  state: TickState,
  executionId: ExecutionId.nullable(),
  error: ExecutionError.nullable(),
  endedAt: Timestamp.nullable(),
});
export type Tick = z.infer<typeof Tick>;

/** `finished`: it was to tick once and has. */
export const ScheduleState = z.enum(["active", "paused", "finished"]);
export type ScheduleState = z.infer<typeof ScheduleState>;

export const ScheduleSummary = z.object({
  scheduleId: ScheduleId,
  name: Name,
  state: ScheduleState,
  /** `configuration`: it is written in gantry.toml and can be changed only there. */
  source: z.enum(["configuration", "api"]),
  owner: z.string(),
  command: Name,
  cron: z.string().nullable(),
  timeZone: z.string().nullable(),
  everyMs: z.int().nullable(),
  at: Timestamp.nullable(),
  nextAt: Timestamp.nullable(),
  lastTick: Tick.nullable(),
});
export type ScheduleSummary = z.infer<typeof ScheduleSummary>;

export const Schedule = ScheduleSummary.extend({
  input: z.record(z.string(), z.unknown()).nullable(),
  argv: z.array(z.string()).nullable(),
  cwd: z.string().nullable(),
  /** Names only: the values may be secret. */
  envNames: z.array(z.string()),
  timeoutMs: z.int().nullable(),
  /** Null: the command's own. */
  queue: QueueName.nullable(),
  priority: z.int(),
  tags: z.array(z.string()),
  misfire: MisfirePolicy,
  misfireMax: z.int(),
  catchUpMs: z.int(),
  overlap: OverlapPolicy,
  jitterMs: z.int(),
  createdAt: Timestamp,
  updatedAt: Timestamp,
});
export type Schedule = z.infer<typeof Schedule>;

export const scheduleOperations = room("schedules", {
  create: operation({
    method: "POST",
    path: "/schedules",
    permission: "executions.run",
    summary: "Make a schedule",
    input: CreateScheduleInput,
    output: Schedule,
    successStatus: () => 201,
    errors: ["notFound", "conflict"],
  }),
  list: operation({
    method: "GET",
    path: "/schedules",
    permission: "executions.read",
    summary: "List schedules by name, with the next and the last tick of each",
    input: z.object(pageInput),
    output: pageOf(ScheduleSummary),
  }),
  get: operation({
    method: "GET",
    path: "/schedules/:schedule",
    permission: "executions.read",
    summary: "Show one schedule",
    input: z.object(which),
    output: Schedule,
    errors: ["notFound"],
  }),
  update: operation({
    method: "PUT",
    path: "/schedules/:schedule",
    permission: "executions.control",
    summary: "Change what is given of a schedule",
    input: UpdateScheduleInput,
    output: Schedule,
    errors: ["notFound", "conflict"],
    idempotent: true,
  }),
  delete: operation({
    method: "DELETE",
    path: "/schedules/:schedule",
    permission: "executions.control",
    summary: "Delete a schedule and its ticks; what it has started goes on",
    input: z.object(which),
    output: z.object({ deleted: z.literal(true) }),
    errors: ["notFound", "conflict"],
  }),
  pause: operation({
    method: "POST",
    path: "/schedules/:schedule/pause",
    permission: "executions.control",
    summary: "Let a schedule tick no more until it is resumed; what it has started goes on",
    input: z.object(which),
    output: Schedule,
    errors: ["notFound"],
    idempotent: true,
  }),
  resume: operation({
    method: "POST",
    path: "/schedules/:schedule/resume",
    permission: "executions.control",
    summary: "Let a paused schedule tick again; ticks of the pause are not made up for",
    input: z.object(which),
    output: Schedule,
    errors: ["notFound"],
    idempotent: true,
  }),
  trigger: operation({
    method: "POST",
    path: "/schedules/:schedule/trigger",
    permission: "executions.run",
    summary: "Run a schedule once now, whether or not it is paused; its overlap policy holds",
    input: z.object(which),
    output: Tick,
    successStatus: () => 202,
    errors: ["notFound"],
  }),
  ticks: operation({
    method: "GET",
    path: "/schedules/:schedule/ticks",
    permission: "executions.read",
    summary: "List the ticks of a schedule, newest first",
    input: z.object({ ...which, ...pageInput }),
    output: pageOf(Tick),
    errors: ["notFound"],
  }),
  next: operation({
    method: "GET",
    path: "/schedules/:schedule/next",
    permission: "executions.read",
    summary: "The times of the next ticks, as they would be without a pause",
    input: z.object({ ...which, count: z.int().min(1).max(100).default(5) }),
    output: z.object({ timeZone: z.string().nullable(), items: z.array(z.object({ at: Timestamp, startsAt: Timestamp })) }),
    errors: ["notFound"],
  }),
});

const Brief = z.object({ scheduleId: ScheduleId, name: Name, owner: z.string() });

export const scheduleEvents = {
  "schedule.changed": event(
    "executions.read",
    Brief.extend({ change: z.enum(["created", "updated", "paused", "resumed", "deleted", "finished"]) }),
  ),
  "schedule.ticked": event(
    "executions.read",
    Brief.extend({ tick: z.string(), scheduledAt: Timestamp, state: TickState, executionId: ExecutionId.nullable() }),
  ),
} as const;
