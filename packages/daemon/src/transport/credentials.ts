/** Finds the key in what a client presents and turns it into a caller. */
import type { IncomingMessage } from "node:http";

import type { Caller } from "../core/caller.ts";

export interface Credentials {
  verify(key: string): Caller | undefined;
}

const keyProtocolPrefix = "gantry.key.";

/** `Authorization: Bearer …`, or, because browsers cannot set headers on a WebSocket, a subprotocol `gantry.key.<key>`. Never the URL, which ends up in logs. */
export function presentedKey(request: IncomingMessage): string | undefined {
  const authorization = request.headers.authorization;
  if (authorization !== undefined) return /^Bearer ([\x21-\x7e]+)$/i.exec(authorization)?.[1] ?? "";
  return request.headers["sec-websocket-protocol"]
    ?.split(",")
    .map((protocol) => protocol.trim())
    .find((protocol) => protocol.startsWith(keyProtocolPrefix))
    ?.slice(keyProtocolPrefix.length);
}

/** Counts failures per remote address. A good key is never delayed: only failures are answered with 429 once there were too many. */
export interface FailureLimit {
  /** Notes one failure; true when the address has used up its failures of this minute. */
  failed(address: string): boolean;
}

const failuresPerMinute = 60;
const rememberedAddresses = 10_000;

export function createFailureLimit(monotonic: () => number): FailureLimit {
  const windows = new Map<string, { startedMs: number; failures: number }>();
  return {
    failed(address) {
      const nowMs = monotonic();
      let window = windows.get(address);
      if (window === undefined || nowMs - window.startedMs > 60_000) {
        if (windows.size >= rememberedAddresses) windows.clear();
        window = { startedMs: nowMs, failures: 0 };
        windows.set(address, window);
      }
      window.failures += 1;
      return window.failures > failuresPerMinute;
    },
  };
}
