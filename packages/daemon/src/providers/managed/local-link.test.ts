import { GantryError, streamCreditBytes, streamCreditChunks } from "@gantry/contract";
import { expect, test, vi } from "vitest";

import { callerOf, createTestRoom, type TestRoom } from "../testing.ts";
import { type LocalBehaviour, type LocalCall, type LocalDocument, type LocalProvider, openLocalLink } from "./local-link.ts";

let epoch = 0;

function join(room: TestRoom, behaviour: Partial<LocalBehaviour>, document: LocalDocument = {}): LocalProvider {
  epoch += 1;
  const method = { stream: true, idempotent: false };
  return openLocalLink(
    (socket) => room.service.accept(socket, callerOf("provider", ["local"])),
    { name: "local", instance: "1", epoch },
    { methods: [{ name: "work", ...method }], capacity: { concurrency: 2, weight: 1 }, ...document },
    { invoke: async () => ({ data: null }), gone: () => undefined, ...behaviour },
  );
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test("answers, counts, and fails like a provider that dialled in", async () => {
  const room = createTestRoom();
  join(room, {
    async invoke({ params }) {
      if (params === "refuse") throw new GantryError("resourceExhausted", "too busy", { details: { retryAfterMs: 5 } });
      if (params === "break") throw new TypeError("a defect");
      return { data: { got: params }, usage: { tokens: 3 } };
    },
  });
  const ask = async (params: unknown) => {
    const noted = room.call({ route: { provider: "local" }, method: "work", params });
    await settle();
    return noted.outcomes[0];
  };
  expect(await ask(1)).toEqual({ ok: true, result: { got: 1 }, usage: { tokens: 3 } });
  expect(await ask("refuse")).toMatchObject({ ok: false, error: { code: "resourceExhausted", message: "local/1 work: too busy" } });
  expect(await ask("break")).toMatchObject({ ok: false, error: { code: "internal", message: "local/1 work: a defect" } });
  expect(room.service.get("local")).toMatchObject({ state: "ready", calls: 3, inflight: 0 });
});

test("a slow reader slows it: it never runs further ahead than its credit", async () => {
  const room = createTestRoom();
  let sent = 0;
  join(room, {
    async invoke(call) {
      for (; sent < 1000; sent += 1) await call.send(sent);
      return { data: "all" };
    },
  });
  const noted = room.call({ route: { provider: "local" }, method: "work" });
  await vi.waitFor(() => expect(noted.chunks).toHaveLength(streamCreditChunks));
  await settle();
  expect(noted.chunks).toHaveLength(streamCreditChunks);
  while (noted.outcomes.length === 0) {
    const before = noted.chunks.length;
    room.service.calls.consumed(noted.call, 16);
    await settle();
    expect(noted.chunks.length - before).toBeLessThanOrEqual(streamCreditChunks);
  }
  expect(noted.chunks).toEqual(Array.from({ length: 1000 }, (_, index) => index));
  expect(noted.outcomes).toMatchObject([{ ok: true, result: "all" }]);
});

test("large chunks are held back by their bytes", async () => {
  const room = createTestRoom();
  const large = "x".repeat(streamCreditBytes / 2);
  join(room, {
    async invoke(call) {
      for (let count = 0; count < 10; count += 1) await call.send(large);
      return { data: null };
    },
  });
  const noted = room.call({ route: { provider: "local" }, method: "work" });
  await settle();
  await settle();
  expect(noted.chunks.length).toBeLessThanOrEqual(3);
  room.service.calls.cancel(noted.call, "enough");
});

test("a cancelled call is aborted with its reason, also while it waits for credit, and frees its slot", async () => {
  const room = createTestRoom();
  const reasons: unknown[] = [];
  join(room, {
    async invoke(call: LocalCall) {
      try {
        for (;;) await call.send("more");
      } catch (error) {
        reasons.push(call.signal.reason);
        throw error;
      }
    },
  });
  const noted = room.call({ route: { provider: "local" }, method: "work" });
  await settle();
  room.service.calls.cancel(noted.call, "not needed");
  await settle();
  expect(reasons).toEqual(["not needed"]);
  expect(noted.outcomes).toMatchObject([{ ok: false, error: { code: "cancelled" } }]);
  expect(room.service.get("local").inflight).toBe(0);
});

test("drained, it finishes its calls, takes no more, and is gone once", async () => {
  const room = createTestRoom();
  const finish = Promise.withResolvers<void>();
  const gone: string[] = [];
  join(room, {
    async invoke() {
      await finish.promise;
      return { data: "done" };
    },
    gone: (reason) => void gone.push(reason),
  });
  const noted = room.call({ route: { provider: "local" }, method: "work" });
  await settle();
  room.service.drain("local", undefined, { deadlineMs: 60_000, reason: "for a test" });
  await settle();
  expect(gone).toEqual([]);
  expect(() => room.call({ route: { provider: "local" }, method: "work" })).toThrow(/draining/);
  finish.resolve();
  await settle();
  expect(noted.outcomes).toMatchObject([{ ok: true, result: "done" }]);
  expect(gone).toHaveLength(1);
  expect(room.service.get("local").state).toBe("offline");
});

test("what leaves with calls out aborts them, and a refused document changes nothing", async () => {
  const room = createTestRoom();
  const local = join(room, {
    invoke: ({ signal }) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(new Error("aborted")))),
  });
  const noted = room.call({ route: { provider: "local" }, method: "work" });
  await settle();
  const twice = { name: "same", stream: false, idempotent: false };
  expect(() => local.update({ methods: [twice, twice] })).toThrow(/declared twice/);
  expect(room.service.get("local").methods.map(({ name }) => name)).toEqual(["work"]);
  local.leave("its server ended");
  expect(noted.outcomes).toMatchObject([{ ok: false, error: { code: "aborted", message: expect.stringContaining("its server ended") } }]);
  expect(room.service.get("local")).toMatchObject({ state: "offline", lastReason: "its server ended" });
});

test("may register its own name only", () => {
  const room = createTestRoom();
  expect(() =>
    openLocalLink(
      (socket) => room.service.accept(socket, callerOf("provider", ["local"])),
      { name: "other", instance: "1", epoch: 1 },
      {},
      { invoke: async () => ({ data: null }), gone: () => undefined },
    ),
  ).toThrow(/may not register the provider other/);
});
