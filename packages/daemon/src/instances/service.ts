/** What this instance says about itself, and its orderly end. */
import {
  type ConfigurationState,
  type Diagnosis,
  type Health,
  type InstanceRecord,
  type InstanceStatus,
  type InstanceSummary,
  protocolRange,
  type Reload,
} from "@gantry/contract";
import type { PathInputs } from "@gantry/contract/paths";

import { statSync } from "node:fs";

import type { LoadedConfig } from "../config.ts";
import type { Clock } from "../core/clock.ts";
import type { Scene } from "./diagnosis/check.ts";
import { diagnose } from "./diagnosis/diagnose.ts";
import type { LoadMeter } from "./load.ts";
import { findSiblings, listInstances } from "./siblings.ts";
import { startInstance, type StartedInstance } from "./start-instance.ts";

/** Counts that other rooms know; supplied by the composition root. */
export interface RoomCounts {
  executions(): Promise<InstanceStatus["executions"]>;
  sessions(): Promise<InstanceStatus["sessions"]>;
  providers(): InstanceStatus["providers"];
}

export interface StopRequest {
  drainTimeoutMs: number;
  sessions: boolean;
  keepPrograms: boolean;
}

interface InstanceOptions {
  record: () => InstanceRecord;
  loaded: LoadedConfig;
  reloading: { reload(dryRun: boolean): Promise<Reload>; state(): ConfigurationState };
  /** Where this user's other instances are. */
  pathInputs: PathInputs;
  /** What the process hosts of an instance have left in the folder of their sockets. */
  sightHosts: Scene["sightHosts"];
  stateDirectory: string;
  logFile: string;
  databaseFile: string;
  counts: RoomCounts;
  /** Each check resolves when all is well and rejects with what is wrong. */
  checks: Record<string, () => Promise<unknown>>;
  load: LoadMeter;
  /** In Prometheus' text format. */
  metrics(): Promise<string>;
  clock: Clock;
  /** Begins the drain; the process exits when it is done. */
  stop(request: StopRequest): void;
}

export interface InstanceService {
  health(detailed: boolean): Promise<Health>;
  status(): Promise<InstanceStatus>;
  config(): { configFile: string | undefined; values: LoadedConfig["values"] };
  reload(dryRun: boolean): Promise<Reload>;
  version(): { version: string; protocol: { min: number; max: number }; capabilities: string[] };
  info(): { service: "gantry"; version: string; instance: string; links: Record<string, string> };
  metrics(): Promise<string>;
  list(): Promise<{ items: InstanceSummary[] }>;
  diagnostics(port: number | undefined): Promise<Diagnosis>;
  start(instance: string): Promise<StartedInstance>;
  stop(request: Partial<StopRequest>): Promise<{ stopping: true; pid: number; waitingFor: { executions: number } }>;
}

/** Health is polled by many; its checks cost more than all the rest of the answer. */
const checkIntervalMs = 1000;

export function createInstanceService(options: InstanceOptions): InstanceService {
  const { record, loaded, counts, checks, clock } = options;
  const startedMs = clock.monotonic();
  const uptimeSeconds = () => Math.round((clock.monotonic() - startedMs) / 100) / 10;
  let draining = false;
  let checked: { atMs: number; results: ReturnType<typeof runChecks> } | undefined;

  const runChecks = async (): Promise<NonNullable<Health["checks"]>> => {
    const outcomes = await Promise.all(
      Object.entries(checks).map(async ([name, check]) => {
        try {
          await check();
          return [name, { status: "ok" as const }] as const;
        } catch (error) {
          return [name, { status: "failed" as const, detail: (error as Error).message }] as const;
        }
      }),
    );
    return Object.fromEntries(outcomes);
  };

  return {
    async health(detailed) {
      const { version, instance, pid, startTime, style, host, port } = record();
      // The public answer is constant: whether this instance is in trouble is nobody's business without a key.
      if (!detailed) return { status: "ok", service: "gantry", version };
      if (checked === undefined || clock.monotonic() - checked.atMs > checkIntervalMs)
        checked = { atMs: clock.monotonic(), results: runChecks() };
      const results = await checked.results;
      const failed = Object.values(results).some(({ status }) => status === "failed");
      const status = draining ? "draining" : failed ? "degraded" : "ok";
      return {
        status,
        service: "gantry",
        version,
        instance,
        pid,
        startTime,
        style,
        uptimeSeconds: uptimeSeconds(),
        host,
        port,
        checks: results,
      };
    },
    async status() {
      const { instance, version, style, pid, startedAt, url } = record();
      const [executions, sessions] = await Promise.all([counts.executions(), counts.sessions()]);
      return {
        instance,
        version,
        style,
        pid,
        startedAt,
        uptimeSeconds: uptimeSeconds(),
        url,
        configFile: loaded.configFile,
        configuration: options.reloading.state(),
        stateDirectory: options.stateDirectory,
        logFile: options.logFile,
        controlSocket: record().controlSocket,
        databaseBytes: sizeOf(options.databaseFile) + sizeOf(`${options.databaseFile}-wal`),
        logBytes: sizeOf(options.logFile),
        draining,
        load: options.load.read(),
        executions,
        sessions,
        providers: counts.providers(),
      };
    },
    config: () => ({ configFile: loaded.configFile, values: loaded.values }),
    reload: (dryRun) => options.reloading.reload(dryRun),
    version: () => ({ version: record().version, protocol: protocolRange, capabilities: ["commands", "sessions", "providers"] }),
    info: () => ({
      service: "gantry",
      version: record().version,
      instance: record().instance,
      links: { page: "/ui/", reference: "/docs", openapi: "/openapi.json", health: "/health", status: "/status" },
    }),
    metrics: () => options.metrics(),
    list: () => listInstances(options.pathInputs),
    diagnostics(port) {
      const { pathInputs: inputs } = options;
      const { instance, version } = record();
      return diagnose(
        { inputs, siblings: findSiblings(inputs), chosen: instance, config: loaded, port, sightHosts: options.sightHosts, version },
        false,
      );
    },
    start: (instance) => startInstance(instance, options.pathInputs),
    async stop({ drainTimeoutMs = loaded.config.daemon.drainTimeoutMs, sessions = false, keepPrograms = false }) {
      const { running } = await counts.executions();
      draining = true;
      options.stop({ drainTimeoutMs, sessions, keepPrograms });
      return { stopping: true, pid: process.pid, waitingFor: { executions: running } };
    },
  };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
