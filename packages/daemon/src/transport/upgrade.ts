/** The only way to a WebSocket: one listener that gates every upgrade and hands it to whoever owns the path. */
import { type IncomingMessage, STATUS_CODES, type Server } from "node:http";
import type { Duplex as Stream } from "node:stream";

import { GantryError } from "@gantry/contract";

import type { Caller } from "../core/caller.ts";
import { newRequestId } from "../core/ids.ts";
import type { Logger } from "../core/logger.ts";
import { type Credentials, type FailureLimit, identify } from "./credentials.ts";
import type { Gate } from "./gate.ts";
import { problemResponse } from "./http.ts";
import { toProblem } from "./problem.ts";

export interface UpgradeRoute {
  /** Matched against the path without the query. */
  path: RegExp;
  /** `inBand`: the key follows in the first packet (Socket.IO), so `caller` is undefined here; otherwise it was verified. */
  credential: "atUpgrade" | "inBand";
  accept(request: IncomingMessage, socket: Stream, head: Buffer, match: RegExpExecArray, caller: Caller | undefined): void;
}

interface UpgradeOptions {
  gate: Gate;
  credentials: Credentials;
  failures: FailureLimit;
  logger: Logger;
  routes: UpgradeRoute[];
}

export function handleUpgrades(server: Server, { gate, credentials, failures, logger, routes }: UpgradeOptions): void {
  server.on("upgrade", (request, socket, head) => {
    // Without a listener a reset during the handshake would end the process.
    socket.on("error", () => socket.destroy());
    try {
      gate.check(request);
      const path = (request.url as string).split("?")[0] as string;
      const { presented, caller } = identify(request, credentials);
      if (presented !== undefined && caller === undefined && failures.failed(request.socket.remoteAddress ?? "")) {
        throw new GantryError("resourceExhausted", "Too many wrong keys from this address: wait a minute.");
      }
      const route = routes.find((candidate) => candidate.path.test(path));
      if ((route === undefined || route.credential === "atUpgrade" || presented !== undefined) && caller === undefined) {
        throw new GantryError(
          "unauthenticated",
          "A key is needed: send Authorization: Bearer <key>, or offer the subprotocol gantry.key.<key>.",
        );
      }
      if (route === undefined) throw new GantryError("notFound", `There is no WebSocket at ${path}.`);
      route.accept(request, socket, head, route.path.exec(path) as RegExpExecArray, caller);
    } catch (error) {
      const { status, headers, body } = problemResponse(toProblem(error, newRequestId(), logger));
      const lines = Object.entries({ ...headers, connection: "close", "content-length": Buffer.byteLength(body) }).map(
        ([name, value]) => `${name}: ${value}\r\n`,
      );
      socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n${body}`);
    }
  });
}
