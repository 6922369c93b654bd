/** Instances: who runs here, how it is doing, and how to stop it. */
import { z } from "zod";

import { event } from "./event.ts";
import { operation, room } from "./operation.ts";
import { DurationMs, InstanceName, QueueName, Timestamp } from "./primitives.ts";
import { ConfigurationState, Reload } from "./reload.ts";

/** `daemon`: detached, one per name. `http`: in the foreground, in a terminal, a service, or a container. */
export const ManagementStyle = z.enum(["daemon", "http"]);
export type ManagementStyle = z.infer<typeof ManagementStyle>;

const ProtocolRange = z.object({ min: z.int(), max: z.int() });

/** The record file of a running instance. Read by any version of the CLI, so fields are only ever added. */
export const InstanceRecord = z.object({
  schemaVersion: z.literal(1),
  instance: InstanceName,
  pid: z.int().positive(),
  startTime: z.string(),
  bootId: z.string(),
  version: z.string(),
  protocol: ProtocolRange,
  style: ManagementStyle,
  startedAt: Timestamp,
  controlSocket: z.string(),
  host: z.string(),
  port: z.int(),
  url: z.string(),
  /** Absolute path, or absent when only defaults, environment, and flags were used. */
  configFile: z.string().optional(),
  configHash: z.string(),
  /** After a reload that left keys to a restart: what was read then, and those keys. */
  pending: z.object({ configHash: z.string(), keys: z.array(z.string()) }).optional(),
  /** What a restart must repeat: the flags given and the folder they were given in. */
  launch: z.object({ workingDirectory: z.string(), flags: z.array(z.string()) }),
});
export type InstanceRecord = z.infer<typeof InstanceRecord>;

export const Health = z.object({
  status: z.enum(["ok", "degraded", "draining"]),
  service: z.literal("gantry"),
  version: z.string(),
  instance: InstanceName.optional(),
  pid: z.int().optional(),
  startTime: z.string().optional(),
  style: ManagementStyle.optional(),
  uptimeSeconds: z.number().optional(),
  host: z.string().optional(),
  port: z.int().optional(),
  checks: z.record(z.string(), z.object({ status: z.enum(["ok", "failed"]), detail: z.string().optional() })).optional(),
});
export type Health = z.infer<typeof Health>;

export const InstanceStatus = z.object({
  instance: InstanceName,
  version: z.string(),
  style: ManagementStyle,
  pid: z.int(),
  startedAt: Timestamp,
  uptimeSeconds: z.number(),
  url: z.string(),
  configFile: z.string().optional(),
  /** Absent from daemons that cannot reload. */
  configuration: ConfigurationState.optional(),
  stateDirectory: z.string(),
  logFile: z.string(),
  controlSocket: z.string(),
  /** On disk, the database's side files included. */
  databaseBytes: z.int(),
  logBytes: z.int(),
  draining: z.boolean(),
  load: z.object({
    rssBytes: z.int(),
    heapUsedBytes: z.int(),
    /** Share of one core since the last time anybody asked. */
    cpuPercent: z.number(),
    /** 99th percentile since the last time anybody asked. */
    eventLoopDelayMs: z.number(),
  }),
  executions: z.object({
    queued: z.int(),
    /** Not to begin before a time that is still to come. */
    scheduled: z.int(),
    running: z.int(),
    total: z.int(),
    /** Names of the queues from which nothing begins until they are resumed. */
    pausedQueues: z.array(QueueName),
  }),
  sessions: z.object({ live: z.int(), total: z.int() }),
  providers: z.object({ names: z.int(), instances: z.int(), callsInFlight: z.int() }),
});
export type InstanceStatus = z.infer<typeof InstanceStatus>;

/** A server that is not Gantry's and that `gantry adopt` put under list, status, stop, and diagnose. */
export const AdoptedServer = z.strictObject({
  schemaVersion: z.literal(1),
  name: InstanceName,
  host: z.enum(["127.0.0.1", "::1", "localhost"]).default("127.0.0.1"),
  port: z.int().min(1).max(65_535),
  /** Answers with 200 while it is well, and perhaps with JSON that has its `pid`. */
  healthUrl: z.url({ protocol: /^https?$/ }),
  /** A plain number, or JSON with `pid`. Needed when the health answer has no pid. */
  pidFile: z.string().startsWith("/").optional(),
  /** Asked with POST before anything is signalled. */
  stopUrl: z.url({ protocol: /^https?$/ }).optional(),
  adoptedAt: Timestamp,
});
export type AdoptedServer = z.infer<typeof AdoptedServer>;

/** What an adopted server, or whoever holds a port, turned out to be. */
export const ServerSighting = z.object({
  state: z.enum(["running", "unresponsive", "stopped"]),
  pid: z.int().optional(),
  /** Where the pid comes from. */
  pidSource: z.enum(["health", "pidFile", "port"]).optional(),
  /** True when that process provably is the server: it holds the port. Only then is it signalled. */
  verified: z.boolean(),
  command: z.string().optional(),
  /** The pid's process, when it is not the server: what is wrong with it. */
  doubt: z.string().optional(),
  /** The health answer: its status and, when it was JSON, the object. */
  health: z.object({ status: z.int(), body: z.record(z.string(), z.unknown()).optional() }).optional(),
});
export type ServerSighting = z.infer<typeof ServerSighting>;

/** What is known of one instance of this user on this machine, running or not. */
export const InstanceSummary = z.object({
  instance: z.string(),
  /** `unresponsive`: its process lives but does not answer. `stopped`: only its state is there. `broken`: its record cannot be read. */
  state: z.enum(["running", "draining", "unresponsive", "stopped", "broken"]),
  style: ManagementStyle.optional(),
  pid: z.int().optional(),
  url: z.string().optional(),
  version: z.string().optional(),
  startedAt: Timestamp.optional(),
  configFile: z.string().optional(),
  stateDirectory: z.string(),
  /** A server of another kind, put under Gantry's management by `gantry adopt`. */
  adopted: z.boolean(),
});
export type InstanceSummary = z.infer<typeof InstanceSummary>;

/** One thing that is wrong or will be: what it is, what follows from it, and the command that mends it. */
export const Finding = z.object({
  /** The check that found it; never changes its meaning, so that scripts can rely on it. */
  check: z.string(),
  /** A `note` explains and does not count as a finding. */
  severity: z.enum(["error", "warning", "note"]),
  instance: z.string().optional(),
  cause: z.string(),
  consequence: z.string(),
  /** A command line to paste, or what to do where no command can do it. */
  remedy: z.string(),
  /** `diagnose --fix` may do it: nothing that lives is touched. */
  fixable: z.boolean(),
  fixed: z.boolean(),
});
export type Finding = z.infer<typeof Finding>;

export const Diagnosis = z.object({
  /** True when nothing but notes was found, or everything found was mended. */
  clean: z.boolean(),
  /** The names of all checks that were made. */
  checks: z.array(z.string()),
  findings: z.array(Finding),
});
export type Diagnosis = z.infer<typeof Diagnosis>;

export const instanceOperations = room("instances", {
  info: operation({
    method: "GET",
    path: "/",
    permission: "instances.read",
    summary: "Say what this is and where its parts are",
    input: z.object({}),
    output: z.object({
      service: z.literal("gantry"),
      version: z.string(),
      instance: InstanceName,
      links: z.record(z.string(), z.string()),
    }),
  }),
  health: operation({
    method: "GET",
    path: "/health",
    permission: "public",
    summary: "Tell whether the instance answers; with a key, also who it is",
    input: z.object({}),
    output: Health,
  }),
  status: operation({
    method: "GET",
    path: "/status",
    permission: "instances.read",
    summary: "Show what the instance is doing",
    input: z.object({}),
    output: InstanceStatus,
  }),
  version: operation({
    method: "GET",
    path: "/version",
    permission: "instances.read",
    summary: "Show the version and the protocol versions spoken",
    input: z.object({}),
    output: z.object({ version: z.string(), protocol: ProtocolRange, capabilities: z.array(z.string()) }),
  }),
  metrics: operation({
    method: "GET",
    path: "/metrics",
    permission: "instances.read",
    summary: "Tell the figures of the instance and its rooms in Prometheus' text format",
    input: z.object({}),
    output: z.string(),
    textType: "text/plain",
  }),
  list: operation({
    method: "GET",
    path: "/instances",
    permission: "instances.read",
    summary: "List the instances of this user on this machine, running or not",
    input: z.object({}),
    output: z.object({ items: z.array(InstanceSummary) }),
  }),
  diagnostics: operation({
    method: "GET",
    path: "/diagnostics",
    permission: "config.read",
    summary: "Look for what is wrong or will be: stale files, lost processes, taken ports, conflicts, full disks; changes nothing",
    input: z.object({
      /** Look at who listens on this port too. */
      port: z.int().min(1).max(65_535).optional(),
    }),
    output: Diagnosis,
  }),
  start: operation({
    method: "POST",
    path: "/daemon/start",
    permission: "instances.control",
    summary: "Start another instance in the background, with the user's own configuration file",
    input: z.object({ instance: InstanceName }),
    output: z.object({ outcome: z.enum(["started", "already_running"]), instance: InstanceName, pid: z.int(), url: z.string() }),
    errors: ["unavailable", "conflict", "configurationInvalid"],
    idempotent: true,
  }),
  config: operation({
    method: "GET",
    path: "/config",
    permission: "config.read",
    summary: "Show the configuration in force and where each value came from",
    input: z.object({}),
    output: z.object({
      configFile: z.string().optional(),
      values: z.array(z.object({ key: z.string(), value: z.unknown(), origin: z.string() })),
    }),
  }),
  reload: operation({
    method: "POST",
    path: "/config/reload",
    permission: "config.write",
    summary: "Read the configuration anew and put into force what needs no restart; a wrong file changes nothing",
    input: z.object({
      /** Only tell what would change. */
      dryRun: z.boolean().default(false),
    }),
    output: Reload,
    errors: ["configurationInvalid", "conflict", "unavailable"],
    idempotent: true,
  }),
  stop: operation({
    method: "POST",
    path: "/daemon/stop",
    permission: "instances.control",
    summary: "Finish running work, then exit; asked again with drainTimeoutMs 0, it waits no longer",
    input: z.object({
      drainTimeoutMs: DurationMs.optional(),
      /** End interactive sessions too; they outlive the daemon otherwise. */
      sessions: z.boolean().default(false),
      /** Leave running programs to the next daemon, as a restart does, instead of waiting for them. */
      keepPrograms: z.boolean().default(false),
    }),
    output: z.object({ stopping: z.literal(true), pid: z.int(), waitingFor: z.object({ executions: z.int() }) }),
    successStatus: () => 202,
  }),
});

export const instanceEvents = {
  "instance.reloaded": event(
    "config.read",
    z.object({ instance: InstanceName, applied: z.array(z.string()), needRestart: z.array(z.string()) }),
  ),
  "instance.draining": event("instances.read", z.object({ instance: InstanceName, drainTimeoutMs: z.int() })),
};
