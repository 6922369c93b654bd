/** A caller's items reach its call in order, no faster than they are taken, and nothing is taken from a caller whose call waits or is over. */
import { GantryError, streamCreditChunks } from "@gantry/contract";
import fc from "fast-check";
import { expect, test } from "vitest";

import { invokeOnce } from "./invoke.ts";
import { createTestRoom, type FakeSocket, type TestRoom } from "./testing.ts";

const settle = () => new Promise((resolve) => setImmediate(resolve));
const batches = (socket: FakeSocket) =>
  socket.sent.filter(({ event }) => event === "chunk").map(({ message }) => (message as { batch: unknown[] }).batch);

/** Calls with items that count how far they were taken. */
function feed(room: TestRoom, sets: unknown[][], after?: () => Promise<void>) {
  const source = { taken: 0, isOver: false };
  async function* items() {
    try {
      for (const set of sets) {
        source.taken += set.length;
        yield set;
      }
      await after?.();
    } finally {
      source.isOver = true;
    }
  }
  const request = { route: { provider: "p" }, method: "flow", params: {}, owner: "test", hasInput: true };
  const answer = invokeOnce(room.service.calls, request, new AbortController().signal, items());
  answer.catch(() => undefined);
  return { source, answer };
}

test("waits for credit, then goes on, and says when it is complete", async () => {
  const room = createTestRoom();
  const socket = room.join();
  const sets = Array.from({ length: 10 }, (_, set) => Array.from({ length: 20 }, (_, index) => set * 20 + index));
  const { source, answer } = feed(room, sets);
  await settle();
  const id = socket.last("invoke")?.["id"];
  expect(batches(socket).flat()).toHaveLength(streamCreditChunks);
  expect(source.taken).toBeLessThanOrEqual(streamCreditChunks + 20);
  expect(socket.last("end")).toBeUndefined();
  for (let round = 0; round < 10; round += 1) {
    socket.receive("credit", { id, n: 20 });
    await settle();
  }
  expect(batches(socket).flat()).toEqual(sets.flat());
  expect(socket.last("end")).toEqual({ id });
  socket.receive("result", { id, data: 7 });
  expect(await answer).toMatchObject({ result: 7 });
});

test("that it is complete is heard even where no more credit is given", async () => {
  const room = createTestRoom();
  const socket = room.join();
  feed(room, [Array.from({ length: streamCreditChunks }, () => 1)]);
  await settle();
  expect(socket.last("end")).toBeDefined();
});

test("takes next to nothing while the call waits for a slot", async () => {
  const room = createTestRoom();
  const socket = room.join({ capacity: { concurrency: 1 } });
  const first = room.call();
  const { source } = feed(
    room,
    Array.from({ length: 50 }, () => [1]),
  );
  await settle();
  expect(source.taken).toBe(1);
  socket.receive("result", { id: first.call.id, data: 1 });
  await settle();
  expect(batches(socket).flat()).toHaveLength(50);
});

test("large items go one at a time, small ones together", async () => {
  const room = createTestRoom();
  const socket = room.join();
  const large = "x".repeat(600_000);
  feed(room, [[large, large, 1, 2, 3]]);
  await settle();
  expect(batches(socket).map((batch) => batch.length)).toEqual([1, 1, 3]);
});

test.each([
  ["the provider answers early", (socket: FakeSocket) => socket.receive("result", { id: socket.last("invoke")?.["id"], data: 1 })],
  ["the provider dies", (socket: FakeSocket) => socket.disconnect()],
])("when %s the source is let go of", async (_what, act) => {
  const room = createTestRoom();
  const socket = room.join();
  const { source } = feed(
    room,
    Array.from({ length: 50 }, () => Array.from({ length: 20 }, () => 1)),
  );
  await settle();
  act(socket);
  await settle();
  expect(source).toMatchObject({ isOver: true });
  expect(source.taken).toBeLessThan(100);
});

test("a source that fails ends the call with its reason, and one that breaks off cancels it", async () => {
  const room = createTestRoom();
  const socket = room.join();
  const wrong = feed(room, [[1]], () => Promise.reject(new GantryError("invalidArgument", "line 3: this is no JSON")));
  await expect(wrong.answer).rejects.toMatchObject({ code: "invalidArgument", message: expect.stringContaining("line 3") });
  expect(socket.last("cancel")).toMatchObject({ reason: "protocol" });
  const broken = feed(room, [[1]], () => Promise.reject(new Error("ECONNRESET")));
  await expect(broken.answer).rejects.toMatchObject({ code: "cancelled" });
  expect(socket.last("end")).toBeUndefined();
});

test("whatever sizes and credit come, all items arrive once and in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.nat(), { minLength: 1, maxLength: 100 }), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 5 }),
      async (sets, grants) => {
        const room = createTestRoom();
        const socket = room.join();
        feed(room, sets);
        await settle();
        for (let round = 0; socket.last("end") === undefined; round += 1) {
          socket.receive("credit", { id: socket.last("invoke")?.["id"], n: grants[round % grants.length] });
          await settle();
        }
        expect(batches(socket).flat()).toEqual(sets.flat());
      },
    ),
    { numRuns: 50 },
  );
});
