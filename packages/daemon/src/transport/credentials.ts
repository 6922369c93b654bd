/** Finds the credential in what a client presents and turns it into a caller. */
import type { IncomingMessage } from "node:http";

import { csrfHeader, csrfProtocolPrefix } from "@gantry/contract";

import type { Caller } from "../core/caller.ts";

export interface Credentials {
  verify(key: string): Caller | undefined;
  /** Of a browser that was signed in: the cookie, and the secret that only the page's own scripts know. */
  verifyLogin(secret: string, csrf: string): Caller | undefined;
  /** The instance's own, because cookies are shared by all ports of a host. */
  loginCookie: string;
}

export interface Identity {
  /** What was presented, whether or not it is any good. */
  presented: "key" | "login" | undefined;
  caller: Caller | undefined;
}

const keyProtocolPrefix = "gantry.key.";

/** A key, or a login with both of its halves. A cookie alone counts as nothing: browsers send it by themselves, whoever makes them. */
export function identify(request: IncomingMessage, credentials: Credentials): Identity {
  const key = presentedKey(request);
  if (key !== undefined) return { presented: "key", caller: credentials.verify(key) };
  const csrf = request.headers[csrfHeader] ?? protocolBehind(request, csrfProtocolPrefix);
  if (typeof csrf !== "string") return { presented: undefined, caller: undefined };
  return { presented: "login", caller: identifyLogin(request.headers, csrf, credentials) };
}

/** Undefined unless the request says that it comes from our own page; that it does not lie about that, the gate has seen. */
export function identifyLogin(headers: IncomingMessage["headers"], csrf: string, credentials: Credentials): Caller | undefined {
  if (headers.origin === undefined && headers["sec-fetch-site"] !== "same-origin") return undefined;
  for (const secret of cookies(headers.cookie, credentials.loginCookie)) {
    const caller = credentials.verifyLogin(secret, csrf);
    if (caller !== undefined) return caller;
  }
  return undefined;
}

/** `Authorization: Bearer …`, or, because browsers cannot set headers on a WebSocket, a subprotocol `gantry.key.<key>`. Never the URL, which ends up in logs. */
function presentedKey(request: IncomingMessage): string | undefined {
  const authorization = request.headers.authorization;
  if (authorization !== undefined) return /^Bearer ([\x21-\x7e]+)$/i.exec(authorization)?.[1] ?? "";
  return protocolBehind(request, keyProtocolPrefix);
}

function protocolBehind(request: IncomingMessage, prefix: string): string | undefined {
  return request.headers["sec-websocket-protocol"]
    ?.split(",")
    .map((protocol) => protocol.trim())
    .find((protocol) => protocol.startsWith(prefix))
    ?.slice(prefix.length);
}

/** Another server on this host may have set one of the same name, so the first need not be ours. */
const mostCookies = 4;

function cookies(header: string | undefined, name: string): string[] {
  const pairs = (header ?? "").split(";").map((pair) => pair.trim());
  return pairs
    .filter((pair) => pair.startsWith(`${name}=`))
    .slice(0, mostCookies)
    .map((pair) => pair.slice(name.length + 1));
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
