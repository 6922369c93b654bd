/** The composition root: builds the rooms, joins them, opens the doors, and closes everything in reverse. */
import { homedir } from "node:os";
import { dirname, join } from "node:path";

import {
  accessOperations,
  batchOperations,
  type Events,
  instanceOperations,
  type InstancePaths,
  type InstanceRecord,
  type ManagementStyle,
  protocolRange,
  providerOperations,
  scheduleOperations,
} from "@gantry/contract";

import { ensureBootstrapKey } from "./access/bootstrap-key.ts";
import { createGrants } from "./access/grants.ts";
import { createAccessHandlers } from "./access/handlers.ts";
import { createLoginLinks } from "./access/login-links.ts";
import { createLogins } from "./access/logins.ts";
import { createAccessService, localCaller } from "./access/service.ts";
import { createKeyStore, createLoginStore } from "./access/store.ts";
import { createBatchHandlers } from "./batches/handlers.ts";
import { createBatchesService } from "./batches/service.ts";
import { createBatchStore } from "./batches/store.ts";
import { openDoors } from "./compose-doors.ts";
import { composeMetrics } from "./compose-metrics.ts";
import { composeManagedProviders } from "./compose-providers.ts";
import { composeExecutions } from "./compose-executions.ts";
import { createReloading } from "./compose-reload.ts";
import { composeRuns } from "./compose-runs.ts";
import { composeSessions } from "./compose-sessions.ts";
import type { LoadedConfig } from "./config.ts";
import { configHash } from "./config-changes.ts";
import { systemClock, toTimestamp } from "./core/clock.ts";
import { createEventBus } from "./core/event-bus.ts";
import { bind, type BoundOperation } from "./core/handlers.ts";
import { createLifetime } from "./core/lifetime.ts";
import { type Logger, setLevel } from "./core/logger.ts";
import { ensurePrivateFolder } from "./core/private-folder.ts";
import { readProcessIdentity } from "./core/process-identity.ts";
import { loadSealing } from "./core/sealing.ts";
import { createHostFleet } from "./host/fleet.ts";
import { sightHosts } from "./host/sightings.ts";
import { createIdleExit, type IdleExit } from "./instances/idle-exit.ts";
import { createInstanceHandlers } from "./instances/handlers.ts";
import { createLoadMeter } from "./instances/load.ts";
import { mustBeFree } from "./instances/free-port.ts";
import { takeLock } from "./instances/lock.ts";
import { removeRecord, writeRecord } from "./instances/record.ts";
import { createInstanceService, type StopRequest } from "./instances/service.ts";
import { createCallIds } from "./providers/call-id.ts";
import { createProvidersHandlers } from "./providers/handlers.ts";
import { createProvidersService } from "./providers/service.ts";
import { createScheduleHandlers } from "./schedules/handlers.ts";
import { createSchedulesService } from "./schedules/service.ts";
import { createScheduleStore } from "./schedules/store.ts";
import { openDatabase, pingDatabase } from "./storage/database.ts";
import { createConnections } from "./transport/connections.ts";
import { version } from "./version.ts";

export interface DaemonOptions {
  loaded: LoadedConfig;
  paths: InstancePaths;
  style: ManagementStyle;
  launch: InstanceRecord["launch"];
  logger: Logger;
  /** Everything that waits goes on waiting until its queue is resumed. */
  startPaused: boolean;
  /** Reads the configuration again from where it came. */
  reread(): LoadedConfig;
  /** Nobody asked for it by name: it ends by itself after `daemon.idleExitMs` without work and callers. */
  autoStarted: boolean;
  /** Called when the daemon has been asked over a transport to stop. */
  onStopRequested(request: StopRequest): void;
}

export interface Daemon {
  record: InstanceRecord;
  /** What whoever started it should know. */
  notices: string[];
  /** Finishes running work within the time given, then closes everything. Later calls wait for the first. */
  stop(request: StopRequest): Promise<void>;
  /** Ends the waiting of a stop under way. */
  hasten(): void;
  reload(): Promise<unknown>;
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
    // The folders first: a lock in a stranger's folder would keep nobody out.
    for (const directory of [paths.stateDirectory, paths.runDirectory]) await ensurePrivateFolder(directory);
    const lock = takeLock(paths.lockFile, config.instance);
    lifetime.onClose("lock", () => lock.release());
    await mustBeFree(config.daemon.host, config.daemon.port);
    for (const directory of [dirname(paths.logFile), paths.outputsDirectory, paths.hostsDirectory]) await ensurePrivateFolder(directory);

    const { db, setAside } = await openDatabase(paths.databaseFile, logger);
    lifetime.onClose("database", () => db.destroy());
    const bus = createEventBus<Events>(clock, (error) => logger.error({ err: error }, "an event listener failed"));

    const access = await createAccessService(createKeyStore(db), clock);
    await ensureBootstrapKey(paths.bootstrapKeyFile, access);
    const logins = await createLogins(createLoginStore(db), clock);
    const links = createLoginLinks(paths.runDirectory);
    lifetime.onClose("sign-in links", () => links.close());

    const sealing = await loadSealing(paths.sealingKeyFile);

    const hostLink = createHostFleet({
      directory: paths.hostsDirectory,
      logFile: join(dirname(paths.logFile), "host.log"),
      version,
      log: logger,
    });
    // What runs on in a host keeps it; a host without children ends with its daemon, so that nothing is left behind.
    lifetime.onClose("process hosts", () => hostLink.release());
    const {
      executions,
      takeUp: takeUpExecutions,
      ...executionRooms
    } = await composeExecutions({
      loaded,
      db,
      host: hostLink,
      sealing,
      outputsDirectory: paths.outputsDirectory,
      startPaused: options.startPaused,
      publish: (type, data) => bus.publish(type, data),
      clock,
      logger,
    });
    lifetime.onClose("command workers", () => executionRooms.close());
    const connections = createConnections();
    const grants = createGrants((keyId) => connections.closeAllOf(keyId));
    let record: InstanceRecord | undefined;
    const providers = createProvidersService({
      managed: await composeManagedProviders({
        config,
        baseDirectory: loaded.baseDirectory,
        runDirectory: paths.runDirectory,
        grants,
        url: () => (record as InstanceRecord).url,
        logger,
      }),
      clock,
      logger,
      publish: bus.publish,
      newCallId: createCallIds(() => clock.now()),
      node: config.instance,
    });

    const {
      sessions,
      takeUp: takeUpSessions,
      ...sessionRooms
    } = await composeSessions({
      config,
      db,
      paths,
      host: hostLink,
      publish: (type, data) => bus.publish(type, data),
      clock,
      logger,
    });
    lifetime.onClose("sessions", () => sessions.close());

    const runs = composeRuns({ executions, keyStands: (keyId) => access.stands(keyId) });
    const batches = createBatchesService({
      store: createBatchStore(db, sealing),
      runs,
      publish: (type, data) => bus.publish(type, data),
      clock,
      logger,
    });
    lifetime.onClose("batches", () => batches.close());
    const schedules = createSchedulesService({
      store: createScheduleStore(db, sealing, (name) =>
        logger.error({ schedule: name }, "a schedule cannot be read, because the sealing key has changed, and was left out: make it anew"),
      ),
      runs,
      configured: config.schedule,
      publish: (type, data) => bus.publish(type, data),
      clock,
      logger,
    });
    lifetime.onClose("schedules", () => schedules.close());

    const load = createLoadMeter(clock);
    lifetime.onClose("load meter", () => load.close());
    const metrics = composeMetrics({
      instance: config.instance,
      version,
      bus,
      executions: () => executions.counts(),
      sessions: () => sessions.counts(),
      providers,
    });
    const reloading = createReloading({
      loaded,
      read: options.reread,
      takeUp: {
        log: () => setLevel(logger, config.daemon.logLevel),
        sessions: takeUpSessions,
        executions: takeUpExecutions,
        schedules: () => schedules.reconfigure(),
        // Last: calls in flight are given their time to end.
        async providers() {
          await providers.applyConfigured(config.provider, config.daemon.drainTimeoutMs);
        },
      },
      async note(hash, pending) {
        const { pending: _before, ...kept } = record as InstanceRecord;
        record = { ...kept, configFile: loaded.configFile, configHash: hash, ...(pending === undefined ? {} : { pending }) };
        await writeRecord(paths.recordFile, record);
      },
      publish: (applied, needRestart) => bus.publish("instance.reloaded", { instance: config.instance, applied, needRestart }),
      clock,
      logger,
    });
    const instances = createInstanceService({
      record: () => record as InstanceRecord,
      loaded,
      reloading,
      pathInputs: { env: process.env, homeDirectory: homedir() },
      sightHosts,
      stateDirectory: paths.stateDirectory,
      logFile: paths.logFile,
      databaseFile: paths.databaseFile,
      counts: {
        executions: () => executions.counts(),
        sessions: () => sessions.counts(),
        providers: () => providers.counts(),
      },
      checks: { database: () => pingDatabase(db) },
      load,
      metrics: () => metrics.text(),
      clock,
      stop: options.onStopRequested,
    });

    const operations: BoundOperation[] = [
      ...bind(instanceOperations, createInstanceHandlers(instances)),
      ...bind(accessOperations, createAccessHandlers({ access, logins, links, url: () => (record as InstanceRecord).url })),
      ...executionRooms.operations,
      ...bind(batchOperations, createBatchHandlers(batches)),
      ...bind(scheduleOperations, createScheduleHandlers(schedules, runs.conceal)),
      ...sessionRooms.operations,
      ...bind(providerOperations, createProvidersHandlers(providers)),
    ];

    const idle = watchIdleness(async () => {
      const [{ queued, running }, { live }] = await Promise.all([executions.counts(), sessions.counts()]);
      const scheduled = schedules.list(localCaller).some(({ nextMs }) => nextMs !== undefined);
      return queued + running + live + providers.counts().instances + connections.count > 0 || scheduled;
    });

    await openDoors({
      config,
      paths,
      lifetime,
      clock,
      logger,
      operations: idle === undefined ? operations : operations.map((bound) => touching(bound, idle)),
      duplexes: sessionRooms.duplexes,
      access,
      grants,
      logins,
      links,
      connections,
      bus,
      providers,
      onListening: (host, port) => void (record = describe(host, port)),
    });
    const described = record as unknown as InstanceRecord;
    await writeRecord(paths.recordFile, described);
    lifetime.onClose("record", () => removeRecord(paths.recordFile));
    await batches.start();
    await schedules.start();
    executionRooms.startRetention();
    providers.start();
    logger.info({ instance: described.instance, url: described.url, pid: described.pid, version }, "ready");

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
    const notices =
      setAside === undefined
        ? []
        : [`The database was damaged. It was set aside as ${setAside}, and an empty one was begun: restore a backup, or go on.`];
    return {
      record: described,
      notices,
      stop(request) {
        if (stopping !== undefined && request.drainTimeoutMs === 0) hastened.abort();
        return (stopping ??= stop(request));
      },
      hasten: () => hastened.abort(),
      reload: () => reloading.reload(false),
    };
  }

  function watchIdleness(busy: () => Promise<boolean>): IdleExit | undefined {
    if (!options.autoStarted) return undefined;
    const idle = createIdleExit({
      afterMs: () => config.daemon.idleExitMs,
      busy,
      exit() {
        logger.info({ idleExitMs: config.daemon.idleExitMs }, "nobody has needed this instance for long enough");
        options.onStopRequested({ drainTimeoutMs: 0, keepPrograms: false, sessions: false });
      },
      clock,
    });
    lifetime.onClose("idle exit", () => idle.close());
    return idle;
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
      configHash: configHash(config),
      launch: options.launch,
    };
  }
}

function touching(bound: BoundOperation, { touch }: IdleExit): BoundOperation {
  return {
    ...bound,
    handle(input, context) {
      touch();
      return bound.handle(input, context);
    },
  };
}
