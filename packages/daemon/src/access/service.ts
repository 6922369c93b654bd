/** Who may come in: verifies keys, makes them, and takes them back. */
import { timingSafeEqual } from "node:crypto";

import { GantryError, type Key, type Role, rolePermissions } from "@gantry/contract";

import type { Caller } from "../core/caller.ts";
import { type Clock, toTimestamp } from "../core/clock.ts";
import { newId } from "../core/ids.ts";
import { digestOf, keyIdOf, mintKey } from "./key-format.ts";
import type { KeyRow, KeyStore } from "./store.ts";

interface NewKey {
  name: string;
  role: Role;
  providerNames?: string[] | undefined;
  expiresAt?: string | undefined;
}

export interface AccessService {
  /** The caller that a presented key stands for, or undefined. Synchronous: every request passes here. */
  verify(key: string): Caller | undefined;
  create(input: NewKey, by: Caller): Promise<Key & { key: string }>;
  list(): Key[];
  revoke(id: string): Promise<Key>;
  /** Whether what it has made may go on in its name: neither revoked nor expired, or the owner on this machine. */
  stands(id: string): boolean;
  /** Calls `listener` with the id of each key that stops being valid by a revocation. */
  onRevoked(listener: (keyId: string) => void): () => void;
}

/** `lastUsedAt` is written at most this often, so that reading a status does not become a write. */
const lastUsedPrecisionMs = 60_000;

export const localCaller: Caller = { keyId: "local", role: "admin", permissions: new Set(rolePermissions.admin) };

export async function createAccessService(store: KeyStore, clock: Clock): Promise<AccessService> {
  const rows = new Map((await store.all()).map((row) => [row.id, row]));
  const callers = new Map<string, Caller & { digest: Buffer }>();
  const listeners = new Set<(keyId: string) => void>();

  const callerOf = (row: KeyRow) => {
    let caller = callers.get(row.id);
    if (caller === undefined) {
      caller = {
        digest: Buffer.from(row.digest, "hex"),
        keyId: row.id,
        role: row.role as Role,
        permissions: new Set(rolePermissions[row.role as Role]),
        providerNames: row.providerNames === null ? undefined : (JSON.parse(row.providerNames) as string[]),
      };
      callers.set(row.id, caller);
    }
    return caller;
  };

  const touch = (row: KeyRow) => {
    if (row.lastUsedAtMs !== null && clock.now() - row.lastUsedAtMs < lastUsedPrecisionMs) return;
    row.lastUsedAtMs = clock.now();
    // A lost "last used" is worth nothing, least of all a failed request.
    store.update(row.id, { lastUsedAtMs: row.lastUsedAtMs }).catch(() => undefined);
  };

  const isValid = ({ revokedAtMs, expiresAtMs }: KeyRow) => revokedAtMs === null && (expiresAtMs === null || expiresAtMs > clock.now());

  return {
    stands(id) {
      const row = rows.get(id);
      return id === localCaller.keyId || (row !== undefined && isValid(row));
    },
    verify(key) {
      const id = keyIdOf(key);
      const row = id === undefined ? undefined : rows.get(id);
      if (row === undefined || !isValid(row)) return undefined;
      const caller = callerOf(row);
      if (!timingSafeEqual(digestOf(key), caller.digest)) return undefined;
      touch(row);
      return caller;
    },
    async create(input, by) {
      const missing = rolePermissions[input.role].filter((permission) => !by.permissions.has(permission));
      if (missing.length > 0) {
        throw new GantryError(
          "permissionDenied",
          `A key cannot grant more than its maker has: role ${input.role} needs ${missing.join(", ")}. No key was made.`,
        );
      }
      const id = newId("key");
      const { key, digest } = mintKey(id);
      const row: KeyRow = {
        id,
        name: input.name,
        role: input.role,
        digest: digest.toString("hex"),
        providerNames: input.providerNames === undefined ? null : JSON.stringify(input.providerNames),
        createdAtMs: clock.now(),
        createdBy: by.keyId,
        expiresAtMs: input.expiresAt === undefined ? null : Date.parse(input.expiresAt),
        lastUsedAtMs: null,
        revokedAtMs: null,
      };
      await store.insert(row);
      rows.set(id, row);
      return { ...toKey(row), key };
    },
    list: () => [...rows.values()].map(toKey).sort((one, other) => (one.id < other.id ? 1 : -1)),
    async revoke(id) {
      const row = rows.get(id);
      if (row === undefined) throw new GantryError("notFound", `There is no key ${id}. List the keys with: gantry keys list`);
      if (row.revokedAtMs === null) {
        const revokedAtMs = clock.now();
        await store.update(id, { revokedAtMs });
        row.revokedAtMs = revokedAtMs;
        for (const listener of listeners) listener(id);
      }
      return toKey(row);
    },
    onRevoked(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function toKey(row: KeyRow): Key {
  const optional = (name: string, epochMs: number | null) => (epochMs === null ? {} : { [name]: toTimestamp(epochMs) });
  return {
    id: row.id,
    name: row.name,
    role: row.role as Role,
    ...(row.providerNames === null ? {} : { providerNames: JSON.parse(row.providerNames) as string[] }),
    createdAt: toTimestamp(row.createdAtMs),
    createdBy: row.createdBy,
    ...optional("expiresAt", row.expiresAtMs),
    ...optional("lastUsedAt", row.lastUsedAtMs),
    ...optional("revokedAt", row.revokedAtMs),
  };
}
