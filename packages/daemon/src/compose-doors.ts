/** Opens the ways in: HTTP, Socket.IO, WebSocket, and the control socket, all behind the same gate and the same operations. */
import { hash } from "node:crypto";
import type { AddressInfo } from "node:net";

import { attachOperation, type Configuration, type Events, events, type InstancePaths, type Permission } from "@gantry/contract";

import type { Grants } from "./access/grants.ts";
import type { LoginLinks } from "./access/login-links.ts";
import { loginLifetimeMs, type Logins } from "./access/logins.ts";
import { type createAccessService, localCaller } from "./access/service.ts";
import { createMcpPort } from "./compose-providers.ts";
import { createSessionsNamespace, createSessionsRoute } from "./compose-sessions.ts";
import type { Caller } from "./core/caller.ts";
import type { Clock } from "./core/clock.ts";
import type { OpenDuplex } from "./core/duplex.ts";
import { dashboardFolder } from "./core/entry-points.ts";
import type { createEventBus } from "./core/event-bus.ts";
import type { BoundOperation } from "./core/handlers.ts";
import type { Lifetime } from "./core/lifetime.ts";
import type { Logger } from "./core/logger.ts";
import { createMcpGateway } from "./gateways/mcp/gateway.ts";
import { createOpenAiGateway } from "./gateways/openai/gateway.ts";
import { portTaken } from "./instances/free-port.ts";
import type { ProvidersService } from "./providers/service.ts";
import type { Connections } from "./transport/connections.ts";
import { listenOnControlSocket } from "./transport/control-socket.ts";
import { createFailureLimit } from "./transport/credentials.ts";
import { createGate } from "./transport/gate.ts";
import { createHttpServer } from "./transport/http.ts";
import { runOperation } from "./transport/run-operation.ts";
import { createSocketIo } from "./transport/socket-io.ts";
import { handleUpgrades } from "./transport/upgrade.ts";
import { version } from "./version.ts";

export interface Doors {
  config: Configuration;
  paths: InstancePaths;
  lifetime: Lifetime;
  clock: Clock;
  logger: Logger;
  operations: BoundOperation[];
  duplexes: Record<string, OpenDuplex>;
  access: Awaited<ReturnType<typeof createAccessService>>;
  grants: Grants;
  logins: Logins;
  links: LoginLinks;
  connections: Connections;
  bus: ReturnType<typeof createEventBus<Events>>;
  providers: ProvidersService;
  /** Told the real address before anybody can have asked for anything. */
  onListening(host: string, port: number): void;
}

export async function openDoors(doors: Doors): Promise<void> {
  const { operations, duplexes, access, grants, logins, links, connections, bus, providers, config, paths, lifetime, clock, logger } =
    doors;
  let port = config.daemon.port;
  access.onRevoked((keyId) => connections.closeAllOf(keyId));
  logins.onRevoked((id) => connections.closeAllOf(id));
  const gate = createGate(() => port);
  const failures = createFailureLimit(() => clock.monotonic());
  const loginCookie = cookieName(config.instance, paths.stateDirectory);
  const credentials = {
    verify: (key: string) => access.verify(key) ?? grants.verify(key),
    verifyLogin: (secret: string, csrf: string) => logins.verify(secret, csrf),
    loginCookie,
  };
  const byName = new Map(operations.map((bound) => [bound.operation.name, bound]));
  const mcp = createMcpGateway({
    port: createMcpPort({ providers, byName, bus, connections, commands: () => config.mcp.commands }),
    logger,
  });
  lifetime.onClose("mcp", () => mcp.close());
  const { server, app } = await createHttpServer({
    operations,
    gate,
    credentials,
    failures,
    connections,
    logger,
    version,
    assets: { directory: dashboardFolder() },
    gateways: [createOpenAiGateway({ port: providers, logger }), mcp],
    login: {
      cookie: loginCookie,
      lifetimeMs: loginLifetimeMs,
      async redeem(code, browser) {
        const redeemed = await logins.redeem(code, browser);
        if (redeemed !== undefined) await links.remove(code).catch(() => undefined);
        return redeemed;
      },
      end: async (id) => void (await logins.revoke(id).catch(() => undefined)),
    },
  });
  const socketIo = createSocketIo({
    credentials,
    failures,
    connections,
    logger,
    operations,
    acceptProvider: (socket, caller) => providers.accept(socket, caller),
    acceptCaller: (socket, caller) => providers.acceptCaller(socket, caller),
    acceptSessions: createSessionsNamespace(duplexes[attachOperation] as OpenDuplex, logger),
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

  // Before the first request: those who wait for the daemon to come back ask at once, and what they ask for knows the port.
  server.once("listening", () => {
    port = (server.address() as AddressInfo).port;
    doors.onListening(config.daemon.host, port);
  });
  try {
    await app.listen({ host: config.daemon.host, port: config.daemon.port });
  } catch (cause) {
    throw (cause as { code?: string }).code === "EADDRINUSE" ? portTaken(config.daemon.port, cause) : cause;
  }
  const closeControl = await listenOnControlSocket({ path: paths.controlSocket, operations, duplexes, caller: localCaller, logger });
  lifetime.onClose("control socket", closeControl);
}

/** Two instances on one host share the browser's cookies, and two users may call theirs alike. */
function cookieName(instance: string, stateDirectory: string): string {
  return `gantry-${instance}-${hash("sha256", stateDirectory).slice(0, 8)}`;
}

/** What a subscriber of events starts from: the first page of everything it may list. */
const snapshotOperations = {
  status: "instances.status",
  executions: "executions.list",
  queues: "queues.list",
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
