/** The composition root: builds the rooms, joins them, opens the doors, and closes everything in reverse. */
import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";

import {
  accessOperations,
  attachOperation,
  batchOperations,
  type Events,
  events,
  GantryError,
  instanceOperations,
  type InstancePaths,
  type InstanceRecord,
  type ManagementStyle,
  type Permission,
  protocolRange,
  providerOperations,
  scheduleOperations,
} from "@gantry/contract";

import { ensureBootstrapKey } from "./access/bootstrap-key.ts";
import { createAccessHandlers } from "./access/handlers.ts";
import { createAccessService, localCaller } from "./access/service.ts";
import { createKeyStore } from "./access/store.ts";
import { createBatchHandlers } from "./batches/handlers.ts";
import { createBatchesService } from "./batches/service.ts";
import { createBatchStore } from "./batches/store.ts";
import { composeExecutions } from "./compose-executions.ts";
import { composeRuns } from "./compose-runs.ts";
import { composeSessions, createSessionsRoute, releaseHost } from "./compose-sessions.ts";
import type { LoadedConfig } from "./config.ts";
import type { Caller } from "./core/caller.ts";
import { systemClock, toTimestamp } from "./core/clock.ts";
import type { OpenDuplex } from "./core/duplex.ts";
import { dashboardFolder } from "./core/entry-points.ts";
import { createEventBus } from "./core/event-bus.ts";
import { bind, type BoundOperation } from "./core/handlers.ts";
import { createLifetime } from "./core/lifetime.ts";
import type { Logger } from "./core/logger.ts";
import { readProcessIdentity } from "./core/process-identity.ts";
import { createHostLink } from "./host/link.ts";
import { createInstanceHandlers } from "./instances/handlers.ts";
import { createLoadMeter } from "./instances/load.ts";
import { takeLock } from "./instances/lock.ts";
import { findPortHolder } from "./instances/port-holder.ts";
import { removeRecord, writeRecord } from "./instances/record.ts";
import { createInstanceService, type StopRequest } from "./instances/service.ts";
import { createCallIds } from "./providers/call-id.ts";
import { createProvidersHandlers } from "./providers/handlers.ts";
import { createProvidersService, type ProvidersService } from "./providers/service.ts";
import { createScheduleHandlers } from "./schedules/handlers.ts";
import { createSchedulesService } from "./schedules/service.ts";
import { createScheduleStore } from "./schedules/store.ts";
import { openDatabase, pingDatabase } from "./storage/database.ts";
import { createConnections } from "./transport/connections.ts";
import { listenOnControlSocket } from "./transport/control-socket.ts";
import { createFailureLimit } from "./transport/credentials.ts";
import { createGate } from "./transport/gate.ts";
import { createHttpServer } from "./transport/http.ts";
import { runOperation } from "./transport/run-operation.ts";
import { createSocketIo } from "./transport/socket-io.ts";
import { handleUpgrades } from "./transport/upgrade.ts";
import { version } from "./version.ts";

export interface DaemonOptions {
  loaded: LoadedConfig;
  paths: InstancePaths;
  style: ManagementStyle;
  launch: InstanceRecord["launch"];
  logger: Logger;
  /** Called when the daemon has been asked over a transport to stop. */
  onStopRequested(request: StopRequest): void;
}

export interface Daemon {
  record: InstanceRecord;
  /** Finishes running work within the time given, then closes everything. Later calls wait for the first. */
  stop(request: StopRequest): Promise<void>;
  /** Ends the waiting of a stop under way. */
  hasten(): void;
}

export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { loaded, paths, logger } = options;
  const { config } = loaded;
  const clock = systemClock;
  const lifetime = createLifetime(logger);
  try {
    return await compose();
  } catch (error) {
    await lifetime.close();
    throw error;
  }

  async function compose(): Promise<Daemon> {
    const lock = takeLock(paths.lockFile, config.instance);
    lifetime.onClose("lock", () => lock.release());
    for (const directory of [paths.stateDirectory, dirname(paths.logFile), paths.outputsDirectory, paths.hostsDirectory]) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
    }

    const { db } = await openDatabase(paths.databaseFile, logger);
    lifetime.onClose("database", () => db.destroy());
    const bus = createEventBus<Events>(clock, (error) => logger.error({ err: error }, "an event listener failed"));

    const access = await createAccessService(createKeyStore(db), clock);
    await ensureBootstrapKey(paths.bootstrapKeyFile, access);

    const hostLink = createHostLink({
      directory: paths.hostsDirectory,
      logFile: join(dirname(paths.logFile), "host.log"),
      version,
      log: logger,
    });
    lifetime.onClose("process host link", () => releaseHost(hostLink));
    const { executions, ...executionRooms } = await composeExecutions({
      loaded,
      db,
      host: hostLink,
      outputsDirectory: paths.outputsDirectory,
      publish: (type, data) => bus.publish(type, data),
      clock,
      logger,
    });
    lifetime.onClose("command workers", () => executionRooms.close());
    const providers = createProvidersService({
      clock,
      logger,
      publish: bus.publish,
      newCallId: createCallIds(() => clock.now()),
      node: config.instance,
    });

    const { sessions, ...sessionRooms } = await composeSessions({
      config,
      db,
      host: hostLink,
      publish: (type, data) => bus.publish(type, data),
      clock,
      logger,
    });
    lifetime.onClose("sessions", () => sessions.close());

    const runs = composeRuns(executions);
    const batches = createBatchesService({
      store: createBatchStore(db),
      runs,
      publish: (type, data) => bus.publish(type, data),
      clock,
      logger,
    });
    lifetime.onClose("batches", () => batches.close());
    const schedules = createSchedulesService({
      store: createScheduleStore(db),
      runs,
      configured: config.schedule,
      publish: (type, data) => bus.publish(type, data),
      clock,
      logger,
    });
    lifetime.onClose("schedules", () => schedules.close());

    const load = createLoadMeter(clock);
    lifetime.onClose("load meter", () => load.close());
    let record: InstanceRecord | undefined;
    const instances = createInstanceService({
      record: () => record as InstanceRecord,
      loaded,
      stateDirectory: paths.stateDirectory,
      logFile: paths.logFile,
      counts: {
        executions: () => executions.counts(),
        sessions: () => sessions.counts(),
        providers: () => providers.counts(),
      },
      checks: { database: () => pingDatabase(db) },
      load,
      clock,
      stop: options.onStopRequested,
    });

    const operations: BoundOperation[] = [
      ...bind(instanceOperations, createInstanceHandlers(instances)),
      ...bind(accessOperations, createAccessHandlers(access)),
      ...executionRooms.operations,
      ...bind(batchOperations, createBatchHandlers(batches)),
      ...bind(scheduleOperations, createScheduleHandlers(schedules)),
      ...sessionRooms.operations,
      ...bind(providerOperations, createProvidersHandlers(providers)),
    ];

    const { host, port } = await openDoors({
      operations,
      duplexes: sessionRooms.duplexes,
      access,
      bus,
      providers,
      record: () => record as InstanceRecord,
    });
    record = describe(host, port);
    await writeRecord(paths.recordFile, record);
    lifetime.onClose("record", () => removeRecord(paths.recordFile));
    await batches.start();
    await schedules.start();
    logger.info({ instance: record.instance, url: record.url, pid: record.pid, version }, "ready");

    let stopping: Promise<void> | undefined;
    const hastened = new AbortController();
    const stop = async ({ drainTimeoutMs, keepPrograms, sessions: endSessions }: StopRequest) => {
      logger.info({ drainTimeoutMs, keepPrograms }, "stopping");
      bus.publish("instance.draining", { instance: config.instance, drainTimeoutMs });
      await schedules.close();
      await batches.close();
      await executions.close({ drainTimeoutMs, keepPrograms, hasten: hastened.signal });
      if (endSessions) await sessions.killAll().catch((error: unknown) => logger.error({ err: error }, "not every session could be ended"));
      await lifetime.close();
    };
    return { record, stop: (request) => (stopping ??= stop(request)), hasten: () => hastened.abort() };
  }

  async function openDoors({ operations, duplexes, access, bus, providers }: Doors) {
    let port = config.daemon.port;
    const connections = createConnections();
    access.onRevoked((keyId) => connections.closeAllOf(keyId));
    const gate = createGate(() => port);
    const failures = createFailureLimit(() => clock.monotonic());
    const credentials = access;
    const { server, app } = await createHttpServer({
      operations,
      gate,
      credentials,
      failures,
      logger,
      version,
      assets: { directory: dashboardFolder() },
    });
    const byName = new Map(operations.map((bound) => [bound.operation.name, bound]));
    const socketIo = createSocketIo({
      credentials,
      failures,
      connections,
      logger,
      operations,
      acceptProvider: (socket, caller) => providers.accept(socket, caller),
      acceptCaller: (socket, caller) => providers.acceptCaller(socket, caller),
      feed: {
        events,
        bus,
        epoch: `${process.pid}-${clock.now()}`,
        snapshot: (caller) => snapshotFor(caller, byName),
        onError: (error) => logger.warn({ err: error }, "a subscriber got no snapshot"),
      },
    });
    const sessionsRoute = createSessionsRoute(duplexes[attachOperation] as OpenDuplex, connections, logger);
    handleUpgrades(server, { gate, credentials, failures, logger, routes: [socketIo, sessionsRoute] });
    lifetime.onClose("http", async () => {
      const closed = app.close();
      server.closeAllConnections();
      await closed;
    });
    lifetime.onClose("socket.io", () => socketIo.close());
    lifetime.onClose("providers", () => providers.close());
    lifetime.onClose("session sockets", () => sessionsRoute.close());

    try {
      await app.listen({ host: config.daemon.host, port: config.daemon.port });
    } catch (cause) {
      throw (cause as { code?: string }).code === "EADDRINUSE" ? portTaken(config.daemon.port, cause) : cause;
    }
    port = (server.address() as AddressInfo).port;
    const closeControl = await listenOnControlSocket({ path: paths.controlSocket, operations, duplexes, caller: localCaller, logger });
    lifetime.onClose("control socket", closeControl);
    return { host: config.daemon.host, port };
  }

  function describe(host: string, port: number): InstanceRecord {
    const identity = readProcessIdentity(process.pid);
    if (identity === undefined) throw new Error("this process cannot read its own start time");
    return {
      schemaVersion: 1,
      instance: config.instance,
      ...identity,
      version,
      protocol: protocolRange,
      style: options.style,
      startedAt: toTimestamp(clock.now()),
      controlSocket: paths.controlSocket,
      host: host,
      port,
      url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`,
      configFile: loaded.configFile,
      configHash: createHash("sha256").update(JSON.stringify(config)).digest("hex"),
      launch: options.launch,
    };
  }
}

interface Doors {
  operations: BoundOperation[];
  duplexes: Record<string, OpenDuplex>;
  access: Awaited<ReturnType<typeof createAccessService>>;
  bus: ReturnType<typeof createEventBus<Events>>;
  providers: ProvidersService;
  record: () => InstanceRecord;
}

/** What a subscriber of events starts from: the first page of everything it may list. */
const snapshotOperations = {
  status: "instances.status",
  executions: "executions.list",
  schedules: "schedules.list",
  batches: "batches.list",
  sessions: "sessions.list",
  providers: "providers.list",
};

async function snapshotFor(caller: Caller, operations: Map<string, BoundOperation>): Promise<unknown> {
  const context = { caller, signal: new AbortController().signal, requestId: "snapshot", wantsStream: false };
  const parts = Object.entries(snapshotOperations).map(async ([part, name]) => {
    const bound = operations.get(name);
    const permission = bound?.operation.permission as Permission | undefined;
    if (bound === undefined || permission === undefined || !caller.permissions.has(permission)) return [];
    return [[part, await runOperation(bound, {}, context)]];
  });
  return Object.fromEntries((await Promise.all(parts)).flat());
}

function portTaken(port: number, cause: unknown): GantryError {
  const holder = findPortHolder(port);
  const who = holder === undefined ? "another process" : `process ${holder.pid} (${holder.command})`;
  return new GantryError(
    "unavailable",
    `Port ${port} is taken by ${who}. Nothing was started. Choose another with --port N (0 = any free port), or stop that process.`,
    {
      cause,
      details: { port, ...holder },
    },
  );
}
