import { expect, test } from "vitest";

import { codeLifetimeMs, createLogins, loginLifetimeMs } from "./logins.ts";
import { localCaller } from "./service.ts";
import type { LoginRow, LoginStore } from "./store.ts";

function memoryStore(): LoginStore & { rows: Map<string, LoginRow> } {
  const rows = new Map<string, LoginRow>();
  return {
    rows,
    all: async () => [...rows.values()],
    insert: async (row) => void rows.set(row.id, row),
    touch: async () => undefined,
    remove: async (id) => void rows.delete(id),
    removeExpired: async (nowMs) => {
      for (const row of rows.values()) if (row.expiresAtMs <= nowMs) rows.delete(row.id);
    },
  };
}

function movingClock() {
  let nowMs = Date.parse("2026-01-01T00:00:00.000Z");
  return { now: () => nowMs, monotonic: () => nowMs, pass: (ms: number) => void (nowMs += ms) };
}

async function signedIn() {
  const clock = movingClock();
  const store = memoryStore();
  const logins = await createLogins(store, clock);
  const redeemed = await logins.redeem(logins.mint("operator", localCaller).code, "Firefox\u001b[2J");
  if (redeemed === undefined) throw new Error("the code was refused");
  return { clock, store, logins, ...redeemed };
}

test("a code has 128 bits, is good once, and is late after a minute", async () => {
  const clock = movingClock();
  const logins = await createLogins(memoryStore(), clock);
  const { code } = logins.mint("admin", localCaller);
  expect(Buffer.from(code, "base64url")).toHaveLength(16);
  expect(await logins.redeem(`${code.slice(0, -1)}!`, "")).toBeUndefined();
  expect(await logins.redeem(code, "")).toBeDefined();
  expect(await logins.redeem(code, "")).toBeUndefined();

  const late = logins.mint("admin", localCaller).code;
  clock.pass(codeLifetimeMs);
  expect(await logins.redeem(late, "")).toBeUndefined();
});

test("two exchanges of one code at the same time sign one browser in", async () => {
  const logins = await createLogins(memoryStore(), movingClock());
  const { code } = logins.mint("admin", localCaller);
  const both = await Promise.all([logins.redeem(code, "one"), logins.redeem(code, "other")]);
  expect(both.filter((one) => one !== undefined)).toHaveLength(1);
});

test("only the owner on the control socket makes codes, not even an administrator's key or login", async () => {
  const { logins, secret, csrf } = await signedIn();
  expect(() => logins.mint("admin", { ...localCaller, keyId: "key_x" })).toThrow("over the control socket only");
  const caller = logins.verify(secret, csrf);
  expect(() => logins.mint("viewer", caller ?? localCaller)).toThrow("over the control socket only");
});

test("both halves are needed, and neither is stored", async () => {
  const { store, logins, login, secret, csrf } = await signedIn();
  expect(logins.verify(secret, csrf)).toMatchObject({ keyId: login.id, role: "operator" });
  expect(logins.verify(secret, secret)).toBeUndefined();
  expect(logins.verify(secret, "")).toBeUndefined();
  expect(logins.verify(csrf, csrf)).toBeUndefined();
  expect(logins.verify(`${login.id}.`, csrf)).toBeUndefined();
  expect(logins.verify("", "")).toBeUndefined();
  const other = await logins.redeem(logins.mint("admin", localCaller).code, "");
  expect(logins.verify(secret, other?.csrf ?? "")).toBeUndefined();
  const stored = JSON.stringify([...store.rows.values()]);
  expect(stored).not.toContain(secret.split(".")[1]);
  expect(stored).not.toContain(csrf);
  expect(login.browser).toBe("Firefox [2J");
});

test("a login outlives a restart, ends by its time, and ends at once when it is revoked", async () => {
  const { clock, store, login, secret, csrf } = await signedIn();
  const again = await createLogins(store, clock);
  expect(again.verify(secret, csrf)?.keyId).toBe(login.id);
  const ended: string[] = [];
  again.onRevoked((id) => ended.push(id));
  await again.revoke(login.id);
  expect(ended).toEqual([login.id]);
  expect(again.verify(secret, csrf)).toBeUndefined();
  await expect(again.revoke(login.id)).rejects.toMatchObject({ code: "notFound" });

  const next = await again.redeem(again.mint("admin", localCaller).code, "");
  clock.pass(loginLifetimeMs);
  expect(again.verify(next?.secret ?? "", next?.csrf ?? "")).toBeUndefined();
  expect(again.list()).toEqual([]);
  await createLogins(store, clock);
  expect(store.rows.size).toBe(0);
});
