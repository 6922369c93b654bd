/** Part of the composition root: joins the room `sessions` with process host and database, and opens its doors for attachments. */
import { homedir } from "node:os";
import { join } from "node:path";

import {
  attachOperation,
  type Configuration,
  type InstancePaths,
  GantryError,
  type sessionEvents,
  sessionOperations,
} from "@gantry/contract";
import { JsonEncoding, sessionJsonSubprotocol } from "@gantry/contract/session-json";
import { sessionSubprotocol } from "@gantry/contract/session-protocol";

import type { TakeUp } from "./compose-reload.ts";
import { entryFile } from "./core/entry-points.ts";
import { type Clock, systemClock } from "./core/clock.ts";
import type { OpenDuplex } from "./core/duplex.ts";
import type { Publish } from "./core/event-bus.ts";
import { bind, type BoundOperation } from "./core/handlers.ts";
import type { Logger } from "./core/logger.ts";
import type { HostFleet } from "./host/fleet.ts";
import { createHooks } from "./sessions/agents/hooks.ts";
import { sessionEnvironment } from "./sessions/environment.ts";
import { createProber } from "./sessions/profiles/probe.ts";
import { resolveProfiles } from "./sessions/profiles/resolve.ts";
import { createProfiles } from "./sessions/profiles/service.ts";
import { createSessionHandlers } from "./sessions/handlers.ts";
import { createSessionRecordings } from "./sessions/recordings.ts";
import { createSessionService, type SessionService } from "./sessions/service.ts";
import { createSessionStore } from "./sessions/store.ts";
import { createPromptStore } from "./sessions/store-prompts.ts";
import type { Database } from "./storage/database.ts";
import type { Connections } from "./transport/connections.ts";
import { createJsonDuplex } from "./transport/json-duplex.ts";
import { type AcceptSessionSocket, acceptSessionSocket } from "./transport/session-sockets.ts";
import { createBinaryDuplex, createTextDuplex, createWebSocketRoute, type WebSocketRoute } from "./transport/websocket.ts";

interface SessionRooms {
  operations: BoundOperation[];
  sessions: SessionService;
  duplexes: Record<string, OpenDuplex>;
  takeUp: TakeUp;
}

interface SessionRoomsOptions {
  config: Configuration;
  db: Database;
  paths: InstancePaths;
  host: HostFleet;
  publish: Publish<typeof sessionEvents>;
  clock: Clock;
  logger: Logger;
}

/** Resolves when the sessions that lived on have been found again. */
export async function composeSessions({ config, db, paths, host, publish, clock, logger }: SessionRoomsOptions): Promise<SessionRooms> {
  const home = homedir();
  const hooks = createHooks({
    directory: join(paths.runDirectory, "agents"),
    controlSocket: paths.controlSocket,
    hookFile: entryFile("agent-hook"),
    nodeFile: process.execPath,
  });
  const resolve = () => resolveProfiles(config.profile, process.env.SHELL ?? "/bin/sh");
  let resolved = resolve();
  const profiles = createProfiles({
    profiles: () => resolved,
    prober: createProber({ cacheFile: join(paths.stateDirectory, "profiles.json"), nowMs: () => clock.now() }),
    environment: (given) => sessionEnvironment(process.env, given, "pty"),
    homeDirectory: home,
    hooksFit: (kind) => hooks.fits(kind),
  });
  const sessions = createSessionService({
    store: createSessionStore(db),
    link: host,
    publish,
    clock,
    logger,
    limits: config.sessions,
    env: process.env,
    homeDirectory: home,
    profiles,
    recordings: createSessionRecordings({
      directory: paths.recordingsDirectory,
      settings: config.sessions,
      // Loaded with the first: it brings a terminal along.
      render: async (file, format) => (await import("./host/render-recording.ts")).renderRecording(entryFile("process-host"), file, format),
    }),
    hooks,
    promptStore: createPromptStore(db),
  });
  await sessions.adopt();
  return {
    operations: bind(
      sessionOperations,
      createSessionHandlers(sessions, profiles, () => host.hosts()),
    ),
    sessions,
    takeUp() {
      resolved = resolve();
      sessions.limitsChanged();
    },
    duplexes: { [attachOperation]: sessions.attach },
  };
}

function encodingOf(given: unknown): JsonEncoding {
  return given === "base64" ? given : "utf8";
}

function checkEncoding(given: unknown): void {
  if (given === undefined || JsonEncoding.safeParse(given).success) return;
  throw new GantryError("invalidArgument", `encoding: must be utf8 or base64 (given: ${JSON.stringify(given)}). Nothing was attached.`);
}

/** `/ws/sessions/{id}?since=&readOnly=&control=&cols=&rows=&encoding=`. */
export function createSessionsRoute(open: OpenDuplex, connections: Connections, logger: Logger): WebSocketRoute {
  return createWebSocketRoute({
    path: /^\/ws\/sessions\/([^/]+)$/,
    subprotocols: {
      [sessionSubprotocol]: createBinaryDuplex,
      [sessionJsonSubprotocol]: (socket, query) => createTextDuplex(socket, encodingOf(query.get("encoding")), () => systemClock.now()),
    },
    input: ([, id], query) => {
      const { encoding, ...input } = Object.fromEntries(query);
      checkEncoding(encoding);
      return { ...input, id: decodeURIComponent(id as string) };
    },
    open,
    connections,
    logger,
  });
}

/** `/sessions` of Socket.IO: attachments by `attach`, each with a channel of its own. */
export function createSessionsNamespace(open: OpenDuplex, logger: Logger): AcceptSessionSocket {
  return (socket, caller) =>
    acceptSessionSocket(socket, {
      logger,
      open(carrier, input, encoding) {
        checkEncoding(encoding);
        return open(
          createJsonDuplex(carrier, encodingOf(encoding), () => systemClock.now()),
          input,
          caller,
        );
      },
    });
}
