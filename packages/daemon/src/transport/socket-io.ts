/** Socket.IO behind our own upgrade gate: its `cors` option does not protect WebSockets, and polling is not offered. */
import { type EventEnvelope, GantryError, type Permission } from "@gantry/contract";
import { gatherWrites } from "@gantry/contract/gather-writes";
import { Server as Engine } from "engine.io";
import { type Namespace, Server, type Socket } from "socket.io";

import { type Caller, requirePermission } from "../core/caller.ts";
import type { BoundOperation } from "../core/handlers.ts";
import { newRequestId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { Connections } from "./connections.ts";
import { type Credentials, type FailureLimit, identifyLogin } from "./credentials.ts";
import { createEventFeed, type EventFeedOptions } from "./event-feed.ts";
import { toProblem } from "./problem.ts";
import { runOperation } from "./run-operation.ts";
import type { AcceptSessionSocket } from "./session-sockets.ts";
import type { UpgradeRoute } from "./upgrade.ts";

interface SocketIoOptions {
  credentials: Credentials;
  failures: FailureLimit;
  connections: Connections;
  logger: Logger;
  operations: BoundOperation[];
  feed: EventFeedOptions;
  /** Takes a connection of a provider; the room knows it only through a narrow interface. */
  acceptProvider(socket: Socket, caller: Caller): void;
  /** Lets a connection of `/cluster` call providers by `emitWithAck("invoke", …)`, the shortest way for code that makes many calls. */
  acceptCaller(socket: Socket, caller: Caller): void;
  acceptSessions: AcceptSessionSocket;
}

export interface SocketIo extends UpgradeRoute {
  close(): Promise<void>;
}

/** One message of a provider or client; over it Socket.IO drops the whole connection, so senders are told a lower limit. */
const maxMessageBytes = 8 * 1024 * 1024;
/** Liveness: a vanished peer is noticed after at most the sum. */
const pingIntervalMs = 10_000;
const pingTimeoutMs = 8_000;
/** For the packet with the key, after the upgrade. */
const connectTimeoutMs = 10_000;

export function createSocketIo(options: SocketIoOptions): SocketIo {
  const { logger, operations } = options;
  const engine = new Engine({
    transports: ["websocket"],
    pingInterval: pingIntervalMs,
    pingTimeout: pingTimeoutMs,
    maxHttpBufferSize: maxMessageBytes,
    perMessageDeflate: false,
    httpCompression: false,
  });
  const io = new Server({ serveClient: false, connectTimeout: connectTimeoutMs });
  io.bind(engine);

  const byName = new Map(operations.map((bound) => [bound.operation.name, bound]));
  const feed = createEventFeed(options.feed);

  guard(io.of("/providers"), "providers.serve", "register a provider", options);
  io.of("/providers").on("connection", (socket) => options.acceptProvider(socket, callerOf(socket)));

  guard(io.of("/sessions"), "sessions.read", "attach to sessions", options);
  io.of("/sessions").on("connection", (socket) => options.acceptSessions(socket, callerOf(socket)));

  guard(io.of("/cluster"), "instances.read", "subscribe to events", options);
  io.of("/cluster").on("connection", (socket) => {
    feed.subscribe(callerOf(socket), sinceOf(socket, options.feed.epoch), {
      snapshot: (snapshot) => socket.emit("snapshot", snapshot),
      event: (envelope: EventEnvelope) => socket.emit("event", envelope),
      onClose: (listener) => void socket.on("disconnect", listener),
    });
    options.acceptCaller(socket, callerOf(socket));
    socket.on("call", (request: unknown, acknowledge: unknown) => void answer(socket, request, acknowledge));
  });

  /** Any operation, as on the control socket, for code that keeps one connection open. */
  const answer = async (socket: Socket, request: unknown, acknowledge: unknown) => {
    if (typeof acknowledge !== "function") return;
    const requestId = newRequestId();
    const { op, input } = (request ?? {}) as { op?: unknown; input?: unknown };
    const bound = typeof op === "string" ? byName.get(op) : undefined;
    const abort = new AbortController();
    const onDisconnect = () => abort.abort();
    socket.once("disconnect", onDisconnect);
    try {
      if (bound === undefined) throw new GantryError("notFound", `There is no operation ${String(op)}.`);
      acknowledge({
        output: await runOperation(bound, input, { caller: callerOf(socket), signal: abort.signal, requestId, wantsStream: false }),
      });
    } catch (error) {
      acknowledge({ error: toProblem(error, requestId, logger, bound?.operation) });
    } finally {
      socket.off("disconnect", onDisconnect);
    }
  };

  return {
    path: /^\/socket\.io\/?$/,
    credential: "inBand",
    accept(request, socket, head) {
      gatherWrites(socket, setImmediate);
      engine.handleUpgrade(request, socket, head);
    },
    async close() {
      feed.close();
      await io.close();
      engine.close();
    },
  };
}

function guard(namespace: Namespace, permission: Permission, toDo: string, { credentials, failures, connections }: SocketIoOptions): void {
  namespace.use((socket, next) => {
    try {
      const caller = identifySocket(socket, credentials);
      if (caller === undefined) throw refusal(socket, failures);
      requirePermission(caller, permission, toDo);
      socket.data = { caller };
      socket.once(
        "disconnect",
        connections.track(caller.keyId, () => socket.disconnect(true)),
      );
      next();
    } catch (error) {
      next(Object.assign(new Error((error as Error).message), { data: (error as GantryError).toProblem() }));
    }
  });
}

/** A key, or the page's half of a login, whose other half is the cookie of the upgrade. */
function identifySocket({ handshake }: Socket, credentials: Credentials): Caller | undefined {
  const { key, csrf } = handshake.auth as { key?: unknown; csrf?: unknown };
  if (typeof key === "string") return credentials.verify(key);
  return typeof csrf === "string" ? identifyLogin(handshake.headers, csrf, credentials) : undefined;
}

function refusal({ handshake }: Socket, failures: FailureLimit): GantryError {
  if (failures.failed(handshake.address))
    return new GantryError("resourceExhausted", "Too many wrong keys from this address: wait a minute.");
  const why =
    handshake.auth["key"] === undefined
      ? "A key is needed in the auth payload: { key }."
      : "This key is not accepted here: it is unknown, expired, revoked, or of another instance.";
  return new GantryError("unauthenticated", `${why} Make one with: gantry keys create --role <role> <name>`);
}

function callerOf(socket: Socket): Caller {
  return (socket.data as { caller: Caller }).caller;
}

/** A number of another daemon's life means nothing here, so it only counts together with this life's epoch. */
function sinceOf(socket: Socket, current: string): number | undefined {
  const { since, epoch } = socket.handshake.auth as { since?: unknown; epoch?: unknown };
  return Number.isSafeInteger(since) && epoch === current ? (since as number) : undefined;
}
