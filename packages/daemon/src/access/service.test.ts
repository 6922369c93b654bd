import { rolePermissions } from "@gantry/contract";
import fc from "fast-check";
import { expect, test } from "vitest";

import { keyIdOf, mintKey } from "./key-format.ts";
import { createAccessService, localCaller } from "./service.ts";
import type { KeyRow, KeyStore } from "./store.ts";

function memoryStore(): KeyStore & { rows: KeyRow[] } {
  const rows: KeyRow[] = [];
  return {
    rows,
    all: async () => rows,
    insert: async (row) => void rows.push(row),
    update: async (id, change) => void Object.assign(rows.find((row) => row.id === id) ?? {}, change),
  };
}

const clockAt = (epochMs: number) => ({ now: () => epochMs, monotonic: () => epochMs });
const now = Date.parse("2026-01-01T00:00:00.000Z");

test("a made key is accepted with the rights of its role, and any change of a character is not", async () => {
  const access = await createAccessService(memoryStore(), clockAt(now));
  const { key, id } = await access.create({ name: "ci", role: "runner" }, localCaller);
  expect(access.verify(key)).toMatchObject({ keyId: id, role: "runner", permissions: new Set(rolePermissions.runner) });
  fc.assert(
    fc.property(fc.nat(key.length - 1), fc.constantFrom("a", "B", "0", "_", " "), (at, replacement) => {
      const changed = key.slice(0, at) + replacement + key.slice(at + 1);
      return changed === key || access.verify(changed) === undefined;
    }),
  );
});

test("a revoked key and an expired key are refused, and revocation is announced once", async () => {
  const access = await createAccessService(memoryStore(), clockAt(now));
  const expired = await access.create({ name: "old", role: "admin", expiresAt: "2025-12-31T00:00:00.000Z" }, localCaller);
  expect(access.verify(expired.key)).toBeUndefined();
  const made = await access.create({ name: "x", role: "admin" }, localCaller);
  const revoked: string[] = [];
  access.onRevoked((id) => revoked.push(id));
  await access.revoke(made.id);
  await access.revoke(made.id);
  expect(access.verify(made.key)).toBeUndefined();
  expect(revoked).toEqual([made.id]);
});

test("nobody can make a key with more rights than their own", async () => {
  const access = await createAccessService(memoryStore(), clockAt(now));
  const operator = { keyId: "key_x", role: "operator" as const, permissions: new Set(rolePermissions.operator) };
  await expect(access.create({ name: "up", role: "admin" }, operator)).rejects.toMatchObject({ code: "permissionDenied" });
});

test("the stored row holds a digest and not the key", async () => {
  const store = memoryStore();
  const access = await createAccessService(store, clockAt(now));
  const { key } = await access.create({ name: "x", role: "viewer" }, localCaller);
  // The secret may hold an underscore itself.
  expect(JSON.stringify(store.rows)).not.toContain(key.split("_").slice(2).join("_"));
});

test("a key with a wrong checksum is not even looked up", () => {
  const { key } = mintKey("key_01ARZ3NDEKTSV4RRFFQ69G5FAV");
  expect(keyIdOf(key)).toBe("key_01ARZ3NDEKTSV4RRFFQ69G5FAV");
  expect(keyIdOf(`${key.slice(0, -1)}${key.endsWith("0") ? "1" : "0"}`)).toBeUndefined();
});
