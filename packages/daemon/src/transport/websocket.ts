/** Plain WebSockets: each accepted one becomes a duplex for the room that owns the path. */
import { GantryError, type Problem } from "@gantry/contract";
import type { JsonEncoding } from "@gantry/contract/session-json";
import { type WebSocket, WebSocketServer } from "ws";

import type { Caller } from "../core/caller.ts";
import type { Duplex, OpenDuplex } from "../core/duplex.ts";
import { newRequestId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { Connections } from "./connections.ts";
import { createJsonDuplex, type TextCarrier } from "./json-duplex.ts";
import { toProblem } from "./problem.ts";
import type { UpgradeRoute } from "./upgrade.ts";

interface WebSocketRouteOptions {
  path: RegExp;
  /** By the name that the client must offer one of; the first that it offers is chosen, and the key's own pseudo-protocol never echoed. */
  subprotocols: Record<string, (socket: WebSocket, query: URLSearchParams) => Duplex>;
  /** Builds the duplex's input from the path's groups and the query. */
  input(match: RegExpExecArray, query: URLSearchParams): unknown;
  open: OpenDuplex;
  connections: Connections;
  logger: Logger;
}

export interface WebSocketRoute extends UpgradeRoute {
  close(): void;
}

/** Input is keystrokes and pastes; a frame over this closes the one socket that sent it. */
const maxPayloadBytes = 4 * 1024 * 1024;
const pingIntervalMs = 10_000;
/** RFC 6455: 1000 normal, 1011 the server failed; 4000 and up are ours: 4000 + the HTTP status of the problem. */
const problemCloseCode = 4000;

export function createWebSocketRoute({ path, subprotocols, input, open, connections, logger }: WebSocketRouteOptions): WebSocketRoute {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: maxPayloadBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => [...offered].find((name) => Object.hasOwn(subprotocols, name)) ?? false,
  });
  const pings = setInterval(() => {
    for (const socket of server.clients as Set<WebSocket & { unanswered?: number }>) {
      // Two pings without an answer: the other side is gone even if TCP does not know it yet.
      if ((socket.unanswered ?? 0) >= 2) socket.terminate();
      socket.unanswered = (socket.unanswered ?? 0) + 1;
      socket.ping();
    }
  }, pingIntervalMs);

  return {
    path,
    credential: "atUpgrade",
    accept(request, stream, head, match, caller) {
      const offered = request.headers["sec-websocket-protocol"]?.split(",").map((protocol) => protocol.trim()) ?? [];
      const createDuplex = subprotocols[offered.find((name) => Object.hasOwn(subprotocols, name)) ?? ""];
      if (createDuplex === undefined) {
        throw new GantryError("invalidArgument", `Offer one of the subprotocols ${Object.keys(subprotocols).join(", ")}.`);
      }
      server.handleUpgrade(request, stream, head, (socket: WebSocket & { unanswered?: number }) => {
        socket.on("pong", () => (socket.unanswered = 0));
        const { keyId } = caller as Caller;
        socket.once(
          "close",
          connections.track(keyId, () => socket.close(problemCloseCode + 401, "the key was revoked")),
        );
        const query = new URL(request.url as string, "http://localhost").searchParams;
        const duplex = createDuplex(socket, query);
        const start = async (): Promise<void> => open(duplex, input(match, query), caller as Caller);
        start().catch((error: unknown) => duplex.close(toProblem(error, newRequestId(), logger)));
      });
    },
    close() {
      clearInterval(pings);
      for (const socket of server.clients) socket.close(1001, "the daemon is stopping");
      server.close();
    },
  };
}

const closeReasonBytes = 123;

/** A socket that carries binary messages as they are. */
export function createBinaryDuplex(socket: WebSocket): Duplex {
  socket.binaryType = "nodebuffer";
  socket.on("error", () => socket.terminate());
  return {
    send: (message) => socket.send(message, { binary: true }),
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    onMessage: (listener) => void socket.on("message", (data: Buffer, isBinary) => isBinary && listener(data)),
    onClose: (listener) => onceClosed(socket, listener),
    close: (problem) => close(socket, problem),
  };
}

/** A socket that carries the same messages as JSON. */
export function createTextDuplex(socket: WebSocket, encoding: JsonEncoding, nowMs: () => number): Duplex {
  socket.on("error", () => socket.terminate());
  const carrier: TextCarrier = {
    send: (text, taken) => socket.send(text, { binary: false }, taken),
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    onText: (listener) =>
      void socket.on("message", (data: Buffer, isBinary) => {
        // A binary message is no message of this protocol: it is answered as such.
        listener(isBinary ? "" : data.toString());
      }),
    onClose: (listener) => onceClosed(socket, listener),
    close: (problem) => close(socket, problem),
  };
  return createJsonDuplex(carrier, encoding, nowMs);
}

function onceClosed(socket: WebSocket, listener: () => void): void {
  if (socket.readyState >= socket.CLOSING) listener();
  else socket.once("close", listener);
}

function close(socket: WebSocket, problem?: Problem): void {
  if (problem === undefined) return socket.close(1000);
  // Cut between characters: a reason that is no UTF-8 would break the other side's socket.
  const reason = Buffer.from(`${problem.code}: ${problem.detail}`)
    .subarray(0, closeReasonBytes)
    .toString()
    .replace(/\ufffd+$/, "");
  return socket.close(problemCloseCode + problem.status, reason);
}
