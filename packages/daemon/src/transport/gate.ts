/** Decides from the raw request, before any routing, whether it may come in at all: exact target form, Host, and Origin. */
import type { IncomingMessage } from "node:http";

import { GantryError } from "@gantry/contract";

export interface Gate {
  /** Throws GantryError forbiddenOrigin. Used for requests and upgrades alike, since a WebSocket is not bound by the browser's same-origin rule. */
  check(request: IncomingMessage): void;
}

/** `port` is the real one, so it is asked for at each check: the gate exists before the server listens. */
export function createGate(port: () => number): Gate {
  const allowedHosts = () => ["127.0.0.1", "localhost", "[::1]"].map((name) => `${name}:${port()}`);
  return {
    check(request) {
      if (request.url?.startsWith("/") !== true) throw forbidden("the request target must be a path");
      const hosts = valuesOf(request, "host");
      const allowed = allowedHosts();
      if (hosts.length !== 1 || !allowed.includes(hosts[0] as string)) {
        throw forbidden(`the Host header must be one of ${allowed.join(", ")}`);
      }
      const origins = valuesOf(request, "origin");
      if (origins.length > 0 && origins[0] !== `http://${hosts[0]}`) throw forbidden("requests from pages of another origin are refused");
      const site = request.headers["sec-fetch-site"];
      // A link or bookmark that leads to the page is harmless and arrives as a navigation.
      if (site !== undefined && site !== "same-origin" && site !== "none" && request.headers["sec-fetch-mode"] !== "navigate") {
        throw forbidden("requests from pages of another site are refused");
      }
    },
  };
}

/** All values of a header as they were sent; node:http joins or drops repeated ones, and repeated ones are an attack here. */
function valuesOf(request: IncomingMessage, name: string): string[] {
  const values: string[] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    if (request.rawHeaders[index]?.toLowerCase() === name) values.push(request.rawHeaders[index + 1] as string);
  }
  return values;
}

function forbidden(reason: string): GantryError {
  return new GantryError("forbiddenOrigin", `Refused before it was looked at: ${reason}.`);
}
