/** Plain WebSockets: each accepted one becomes a duplex for the room that owns the path. */
import { GantryError, type Problem } from "@gantry/contract";
import { type WebSocket, WebSocketServer } from "ws";

import type { Caller } from "../core/caller.ts";
import type { Duplex, OpenDuplex } from "../core/duplex.ts";
import { newRequestId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import type { Connections } from "./connections.ts";
import { toProblem } from "./problem.ts";
import type { UpgradeRoute } from "./upgrade.ts";

interface WebSocketRouteOptions {
  path: RegExp;
  /** What the client must offer and gets chosen; the key's own pseudo-protocol is never echoed. */
  subprotocol: string;
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

export function createWebSocketRoute({ path, subprotocol, input, open, connections, logger }: WebSocketRouteOptions): WebSocketRoute {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: maxPayloadBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
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
      if (!offered.includes(subprotocol)) throw new GantryError("invalidArgument", `Offer the subprotocol ${subprotocol}.`);
      server.handleUpgrade(request, stream, head, (socket: WebSocket & { unanswered?: number }) => {
        socket.on("pong", () => (socket.unanswered = 0));
        const { keyId } = caller as Caller;
        socket.once(
          "close",
          connections.track(keyId, () => socket.close(problemCloseCode + 401, "the key was revoked")),
        );
        const duplex = createDuplex(socket);
        const query = new URL(request.url as string, "http://localhost").searchParams;
        open(duplex, input(match, query), caller as Caller).catch((error: unknown) =>
          duplex.close(toProblem(error, newRequestId(), logger)),
        );
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

function createDuplex(socket: WebSocket): Duplex {
  socket.binaryType = "nodebuffer";
  socket.on("error", () => socket.terminate());
  return {
    send: (message) => socket.send(message, { binary: true }),
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    onMessage: (listener) => void socket.on("message", (data: Buffer, isBinary) => isBinary && listener(data)),
    onClose: (listener) => void (socket.readyState >= socket.CLOSING ? listener() : socket.once("close", listener)),
    close(problem?: Problem) {
      if (problem === undefined) socket.close(1000);
      else
        socket.close(
          problemCloseCode + problem.status,
          Buffer.from(`${problem.code}: ${problem.detail}`).subarray(0, closeReasonBytes).toString(),
        );
    },
  };
}
