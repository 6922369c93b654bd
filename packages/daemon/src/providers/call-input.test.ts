/** Input streams: passed on in order, held while a call waits, paced by the provider's credit, and ended when they break their rules. */
import { streamCreditChunks } from "@gantry/contract";
import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";

import { createTestRoom, type FakeSocket, type TestRoom } from "./testing.ts";

let room: TestRoom;
beforeEach(() => {
  room = createTestRoom();
});

const sent = (socket: FakeSocket, event: string) => socket.sent.filter((one) => one.event === event).map(({ message }) => message);
const open = (more = {}) => room.call({ method: "flow", hasInput: true, ...more });

test("chunks and the end reach the provider in order, and its credit reaches the caller", () => {
  const socket = room.join();
  const { call, credits } = open();
  expect(socket.last("invoke")).toMatchObject({ input: "stream" });
  room.service.calls.input(call, 0, ["a"]);
  room.service.calls.input(call, 1, ["b", "c"]);
  room.service.calls.endInput(call);
  expect(sent(socket, "chunk")).toEqual([
    { id: call.id, seq: 0, batch: ["a"] },
    { id: call.id, seq: 1, batch: ["b", "c"] },
  ]);
  expect(sent(socket, "end")).toEqual([{ id: call.id }]);
  socket.receive("credit", { id: call.id, n: 2 });
  socket.receive("credit", { id: call.id, n: 1_000_000 });
  expect(credits).toEqual([2, 1]);
});

test("what comes while the call waits for a slot is held and goes with it", () => {
  const socket = room.join({ capacity: { concurrency: 1 } });
  const first = room.call();
  const { call } = open();
  room.service.calls.input(call, 0, ["a"]);
  room.service.calls.input(call, 1, ["b"]);
  room.service.calls.endInput(call);
  socket.receive("result", { id: first.call.id, data: 1 });
  expect(sent(socket, "chunk")).toEqual([{ id: call.id, seq: 0, batch: ["a", "b"] }]);
  expect(socket.sent.at(-1)).toEqual({ event: "end", message: { id: call.id } });
});

test.each([
  ["out of order", 5, ["a"]],
  ["without data", 0, undefined],
  ["beyond the credit", 0, Array.from({ length: streamCreditChunks + 1 })],
])("a stream %s ends its call and nothing else", (_what, seq, items) => {
  const socket = room.join();
  const { call, outcomes } = open();
  const other = room.call();
  room.service.calls.input(call, seq, items);
  expect(outcomes).toMatchObject([{ ok: false, error: { code: "invalidArgument" } }]);
  expect(sent(socket, "cancel")).toHaveLength(1);
  expect(other.outcomes).toEqual([]);
});

test("a call whose input has begun is not sent a second time", () => {
  const sockets = [room.join(), room.join({ instance: "two" })];
  const begun = open({ method: "again" });
  room.service.calls.input(begun.call, 0, ["a"]);
  sockets.find((socket) => sent(socket, "invoke").length > 0)?.disconnect();
  expect(begun.outcomes).toMatchObject([{ ok: false, error: { code: "aborted" } }]);
});

test("whatever caller and provider send, a call ends once and its input never outruns the credit", () => {
  const step = fc.oneof(
    fc.tuple(fc.constant("input"), fc.nat({ max: 80 }), fc.nat({ max: 70 })),
    fc.tuple(fc.constant("credit"), fc.oneof(fc.integer(), fc.anything()), fc.nat()),
    fc.tuple(fc.constantFrom("end", "result", "cancel", "next"), fc.nat({ max: 70 }), fc.nat()),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const fresh = createTestRoom();
      const socket = fresh.join();
      const { call, outcomes, credits } = fresh.call({ method: "flow", hasInput: true });
      let next = 0;
      for (const [what, one, size] of steps) {
        if (what === "input") fresh.service.calls.input(call, one, Array.from({ length: size }));
        if (what === "next") {
          fresh.service.calls.input(call, next, Array.from({ length: one }));
          next += one;
        }
        if (what === "credit") socket.receive("credit", { id: call.id, n: one });
        if (what === "end") fresh.service.calls.endInput(call);
        if (what === "result") socket.receive("result", { id: call.id, data: 1 });
        if (what === "cancel") fresh.service.calls.cancel(call, "enough");
      }
      const passed = (sent(socket, "chunk") as { batch: unknown[] }[]).reduce((sum, { batch }) => sum + batch.length, 0);
      expect(passed).toBeLessThanOrEqual(streamCreditChunks + credits.reduce((sum, chunks) => sum + chunks, 0));
      expect(sent(socket, "end").length).toBeLessThanOrEqual(1);
      socket.disconnect();
      expect(outcomes).toHaveLength(1);
    }),
    { numRuns: 200 },
  );
});
