/** Part of the composition root: joins the room `sessions` with process host and database, and opens its doors for attachments. */
import { homedir } from "node:os";

import { attachOperation, type Configuration, type sessionEvents, sessionOperations } from "@gantry/contract";
import { sessionSubprotocol } from "@gantry/contract/session-protocol";

import type { Clock } from "./core/clock.ts";
import type { OpenDuplex } from "./core/duplex.ts";
import type { Publish } from "./core/event-bus.ts";
import { bind, type BoundOperation } from "./core/handlers.ts";
import type { Logger } from "./core/logger.ts";
import type { HostLink } from "./host/link.ts";
import { createSessionHandlers } from "./sessions/handlers.ts";
import { createSessionService, type SessionService } from "./sessions/service.ts";
import { createSessionStore } from "./sessions/store.ts";
import type { Database } from "./storage/database.ts";
import type { Connections } from "./transport/connections.ts";
import { createWebSocketRoute, type WebSocketRoute } from "./transport/websocket.ts";

interface SessionRooms {
  operations: BoundOperation[];
  sessions: SessionService;
  duplexes: Record<string, OpenDuplex>;
}

interface SessionRoomsOptions {
  config: Configuration;
  db: Database;
  host: HostLink;
  publish: Publish<typeof sessionEvents>;
  clock: Clock;
  logger: Logger;
}

/** Resolves when the sessions that lived on have been found again. */
export async function composeSessions({ config, db, host, publish, clock, logger }: SessionRoomsOptions): Promise<SessionRooms> {
  const sessions = createSessionService({
    store: createSessionStore(db),
    link: host,
    publish,
    clock,
    logger,
    limits: config.sessions,
    env: process.env,
    homeDirectory: homedir(),
  });
  await sessions.adopt();
  return {
    operations: bind(sessionOperations, createSessionHandlers(sessions)),
    sessions,
    duplexes: { [attachOperation]: sessions.attach },
  };
}

/** `/ws/sessions/{id}?since=&readOnly=&control=&cols=&rows=`. */
export function createSessionsRoute(open: OpenDuplex, connections: Connections, logger: Logger): WebSocketRoute {
  return createWebSocketRoute({
    path: /^\/ws\/sessions\/([^/]+)$/,
    subprotocol: sessionSubprotocol,
    input: ([, id], query) => ({ ...Object.fromEntries(query), id: decodeURIComponent(id as string) }),
    open,
    connections,
    logger,
  });
}

/** What runs on in the host keeps it; a host without children ends with its daemon, so that nothing is left behind. */
export async function releaseHost(host: HostLink): Promise<void> {
  const children = await host.list().catch(() => []);
  if (children.some(({ state }) => state === "running")) await host.close();
  else await host.shutdown(0);
}
