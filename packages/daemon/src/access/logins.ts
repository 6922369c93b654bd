/** Browsers that are signed in: one-time codes, and the two secrets that a code is exchanged for. */
import { randomBytes, timingSafeEqual } from "node:crypto";

import { GantryError, type Login, type Role, rolePermissions } from "@gantry/contract";

import type { Caller } from "../core/caller.ts";
import { type Clock, toTimestamp } from "../core/clock.ts";
import { newId } from "../core/ids.ts";
import { digestOf } from "./key-format.ts";
import { localCaller } from "./service.ts";
import type { LoginRow, LoginStore } from "./store.ts";

export interface Redeemed {
  login: Login;
  /** For the cookie. */
  secret: string;
  csrf: string;
}

export interface Logins {
  /** A code of 128 random bits that is good once, for a minute. Refuses everybody but the owner on the control socket. */
  mint(role: Role, by: Caller): { code: string; expiresAt: string };
  /** Undefined when the code is unknown, spent, or late. */
  redeem(code: string, browser: string): Promise<Redeemed | undefined>;
  /** The caller that a cookie and its counterpart stand for; neither is any good alone. Synchronous: every request passes here. */
  verify(secret: string, csrf: string): Caller | undefined;
  list(): Login[];
  revoke(id: string): Promise<Login>;
  /** Calls `listener` with the id of each login that ends before its time. */
  onRevoked(listener: (id: string) => void): () => void;
}

export const codeLifetimeMs = 60_000;
export const loginLifetimeMs = 7 * 86_400_000;
const lastUsedPrecisionMs = 60_000;
/** Somebody who asks for more links than this within a minute uses none of them. */
const mostCodes = 100;
const longestBrowserName = 200;

interface Known {
  row: LoginRow;
  digest: Buffer;
  csrfDigest: Buffer;
  caller: Caller;
}

export async function createLogins(store: LoginStore, clock: Clock): Promise<Logins> {
  await store.removeExpired(clock.now());
  const logins = new Map((await store.all()).map((row) => [row.id, knownOf(row)]));
  /** By digest, so that looking one up takes no time that depends on the code. */
  const codes = new Map<string, { role: Role; expiresAtMs: number }>();
  const listeners = new Set<(id: string) => void>();

  const forgetLateCodes = () => {
    for (const [digest, { expiresAtMs }] of codes) if (expiresAtMs <= clock.now() || codes.size >= mostCodes) codes.delete(digest);
  };
  const isLive = ({ row }: Known) => row.expiresAtMs > clock.now();

  return {
    mint(role, by) {
      if (by.keyId !== localCaller.keyId) {
        throw new GantryError(
          "permissionDenied",
          "A link that signs in is made over the control socket only: gantry dashboard. None was made.",
        );
      }
      forgetLateCodes();
      const code = randomBytes(16).toString("base64url");
      const expiresAtMs = clock.now() + codeLifetimeMs;
      codes.set(digestOf(code).toString("hex"), { role, expiresAtMs });
      return { code, expiresAt: toTimestamp(expiresAtMs) };
    },
    async redeem(code, browser) {
      const digest = digestOf(code).toString("hex");
      const found = codes.get(digest);
      // Spent whatever happens next.
      codes.delete(digest);
      if (found === undefined || found.expiresAtMs <= clock.now()) return undefined;
      const id = newId("lgn");
      const secret = `${id}.${randomBytes(32).toString("base64url")}`;
      const csrf = randomBytes(32).toString("base64url");
      const row: LoginRow = {
        id,
        role: found.role,
        digest: digestOf(secret).toString("hex"),
        csrfDigest: digestOf(csrf).toString("hex"),
        browser: browser.replaceAll(/\p{Cc}/gu, " ").slice(0, longestBrowserName),
        createdAtMs: clock.now(),
        expiresAtMs: clock.now() + loginLifetimeMs,
        lastUsedAtMs: null,
      };
      await store.insert(row);
      logins.set(id, knownOf(row));
      return { login: toLogin(row), secret, csrf };
    },
    verify(secret, csrf) {
      const known = logins.get(secret.split(".")[0] as string);
      if (known === undefined || !isLive(known)) return undefined;
      const isCookie = timingSafeEqual(digestOf(secret), known.digest);
      const isCounterpart = timingSafeEqual(digestOf(csrf), known.csrfDigest);
      if (!isCookie || !isCounterpart) return undefined;
      const { row } = known;
      if (row.lastUsedAtMs === null || clock.now() - row.lastUsedAtMs >= lastUsedPrecisionMs) {
        row.lastUsedAtMs = clock.now();
        store.touch(row.id, row.lastUsedAtMs).catch(() => undefined);
      }
      return known.caller;
    },
    list: () =>
      [...logins.values()]
        .filter(isLive)
        .map(({ row }) => toLogin(row))
        .sort((one, other) => (one.id < other.id ? 1 : -1)),
    async revoke(id) {
      const known = logins.get(id);
      if (known === undefined) throw new GantryError("notFound", `No browser is signed in as ${id}.`);
      await store.remove(id);
      logins.delete(id);
      for (const listener of listeners) listener(id);
      return toLogin(known.row);
    },
    onRevoked(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function knownOf(row: LoginRow): Known {
  const role = row.role as Role;
  return {
    row,
    digest: Buffer.from(row.digest, "hex"),
    csrfDigest: Buffer.from(row.csrfDigest, "hex"),
    caller: { keyId: row.id, role, permissions: new Set(rolePermissions[role]) },
  };
}

function toLogin({ id, role, browser, createdAtMs, expiresAtMs, lastUsedAtMs }: LoginRow): Login {
  return {
    id,
    role: role as Role,
    browser,
    createdAt: toTimestamp(createdAtMs),
    expiresAt: toTimestamp(expiresAtMs),
    ...(lastUsedAtMs === null ? {} : { lastUsedAt: toTimestamp(lastUsedAtMs) }),
  };
}
