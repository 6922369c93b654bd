/** Keys that live only as long as this daemon and are never stored: for programs that it starts itself. */
import { timingSafeEqual } from "node:crypto";

import { rolePermissions, type Role } from "@gantry/contract";

import type { Caller } from "../core/caller.ts";
import { newId } from "../core/ids.ts";
import { digestOf, keyIdOf, mintKey } from "./key-format.ts";

export interface Grant {
  readonly keyId: string;
  readonly key: string;
  /** Makes the key worthless and closes its connections. */
  revoke(): void;
}

export interface Grants {
  grant(role: Role, providerNames: readonly string[]): Grant;
  verify(key: string): Caller | undefined;
}

export function createGrants(onRevoked: (keyId: string) => void): Grants {
  const callers = new Map<string, Caller & { digest: Buffer }>();
  return {
    grant(role, providerNames) {
      const keyId = newId("key");
      const { key, digest } = mintKey(keyId);
      callers.set(keyId, { digest, keyId, role, permissions: new Set(rolePermissions[role]), providerNames });
      return {
        keyId,
        key,
        revoke() {
          if (callers.delete(keyId)) onRevoked(keyId);
        },
      };
    },
    verify(key) {
      const caller = callers.get(keyIdOf(key) ?? "");
      return caller !== undefined && timingSafeEqual(digestOf(key), caller.digest) ? caller : undefined;
    },
  };
}
