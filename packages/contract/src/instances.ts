/** Instances: who runs here, how it is doing, and how to stop it. */
import { z } from "zod";

import { event } from "./event.ts";
import { operation, room } from "./operation.ts";
import { DurationMs, InstanceName, Timestamp } from "./primitives.ts";

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
  stateDirectory: z.string(),
  logFile: z.string(),
  draining: z.boolean(),
  load: z.object({
    rssBytes: z.int(),
    heapUsedBytes: z.int(),
    /** Share of one core since the last time anybody asked. */
    cpuPercent: z.number(),
    /** 99th percentile since the last time anybody asked. */
    eventLoopDelayMs: z.number(),
  }),
  executions: z.object({ queued: z.int(), running: z.int(), total: z.int() }),
  sessions: z.object({ live: z.int(), total: z.int() }),
  providers: z.object({ names: z.int(), instances: z.int(), callsInFlight: z.int() }),
});
export type InstanceStatus = z.infer<typeof InstanceStatus>;

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
  stop: operation({
    method: "POST",
    path: "/daemon/stop",
    permission: "instances.control",
    summary: "Finish running work, then exit",
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
  "instance.draining": event("instances.read", z.object({ instance: InstanceName, drainTimeoutMs: z.int() })),
};
