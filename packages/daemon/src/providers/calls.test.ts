/** What becomes of a call: answered, cancelled, timed out, lost, failed over, queued. */
import { cancelGraceMs, streamCreditChunks } from "@gantry/contract";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { createTestRoom, type FakeSocket, type TestRoom } from "./testing.ts";

let room: TestRoom;
beforeEach(() => {
  vi.useFakeTimers();
  room = createTestRoom();
});
afterEach(() => {
  vi.useRealTimers();
});

const invoked = (socket: FakeSocket) => socket.last("invoke")?.["id"] as string;
const inflight = () => room.service.get("p").inflight;

test("a result answers once; a second answer is dropped and counted", () => {
  const socket = room.join();
  const { call, outcomes } = room.call({ params: { a: 1 }, trace: "00-1", idempotencyKey: "k" });
  expect(socket.last("invoke")).toMatchObject({ id: call.id, method: "once", params: { a: 1 }, attempt: 1, trace: "00-1", idem: "k" });
  socket.receive("result", { id: call.id, data: 8, usage: { tokens: 3, junk: "x" } });
  socket.receive("result", { id: call.id, data: 9 });
  socket.receive("fail", { id: call.id, error: { code: "INTERNAL", message: "late" } });
  expect(outcomes).toEqual([{ ok: true, result: 8, usage: { tokens: 3 } }]);
  expect(room.service.get("p").instances[0]).toMatchObject({ inflight: 0, malformed: 2, calls: 1, failures: 0 });
});

test("a failure carries the provider's code, and an unknown one is internal", () => {
  const socket = room.join();
  const { outcomes } = room.call();
  socket.receive("fail", { id: invoked(socket), error: { code: "RESOURCE_EXHAUSTED", message: "slow\u0007 down", retryAfterMs: 50 } });
  expect(outcomes).toMatchObject([{ ok: false, error: { code: "resourceExhausted", details: { retryAfterMs: 50 } } }]);
  const second = room.call();
  socket.receive("fail", { id: invoked(socket), error: { code: "NONSENSE" } });
  expect(second.outcomes).toMatchObject([{ ok: false, error: { code: "internal" } }]);
});

describe("a lost connection", () => {
  test("aborts at once what was sent and is not idempotent, siblings or not", () => {
    const first = room.join();
    room.join({ instance: "two" });
    const calls = [room.call(), room.call()];
    first.disconnect();
    expect(calls.flatMap(({ outcomes }) => outcomes)).toMatchObject([
      { ok: false, error: { code: "aborted", message: expect.stringContaining("may have executed") } },
    ]);
    expect(room.service.get("p").instances).toMatchObject([{ instance: "two", inflight: 1 }]);
  });

  test("sends an idempotent call that had no answer to a sibling, once", () => {
    const sockets = [room.join(), room.join({ instance: "two" })];
    const { call, outcomes } = room.call({ method: "again" });
    const took = sockets.find((socket) => socket.last("invoke") !== undefined) as FakeSocket;
    const other = sockets.find((socket) => socket !== took) as FakeSocket;
    took.disconnect();
    expect(outcomes).toEqual([]);
    expect(other.last("invoke")).toMatchObject({ id: call.id, attempt: 2 });
    room.join({ instance: "three" });
    other.disconnect();
    expect(outcomes).toMatchObject([{ ok: false, error: { code: "aborted", retryable: true } }]);
  });

  test("gives the second try what is left of the budget, and no more", () => {
    const sockets = [room.join(), room.join({ instance: "two" })];
    const { outcomes } = room.call({ method: "again", timeoutMs: 1000 });
    const took = sockets.find((socket) => socket.last("invoke") !== undefined) as FakeSocket;
    const other = sockets.find((socket) => socket !== took) as FakeSocket;
    vi.advanceTimersByTime(400);
    took.disconnect();
    expect(other.last("invoke")).toMatchObject({ attempt: 2, budgetMs: 600 });
    vi.advanceTimersByTime(599);
    expect(outcomes).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(outcomes).toMatchObject([{ ok: false, error: { code: "deadlineExceeded", message: expect.stringContaining("1000 ms") } }]);
    expect(other.last("cancel")).toMatchObject({ reason: "deadline" });
  });

  test("tells a call that finds no slot for its second try that it may have executed", () => {
    const first = room.join({ capacity: { concurrency: 1 } });
    const { outcomes } = room.call({ method: "again" });
    room.join({ instance: "two", capacity: { concurrency: 1 } });
    room.call();
    first.disconnect();
    expect(outcomes).toEqual([]);
    vi.advanceTimersByTime(10_001);
    expect(outcomes).toMatchObject([{ ok: false, error: { code: "aborted", message: expect.stringContaining("may have executed") } }]);
  });

  test("aborts a stream after its first chunk even when idempotent", () => {
    const sockets = [room.join(), room.join({ instance: "two" })];
    const { call, outcomes, chunks } = room.call({ method: "again" });
    const took = sockets.find((socket) => socket.last("invoke") !== undefined) as FakeSocket;
    took.receive("chunk", { id: call.id, seq: 0, data: "x" });
    took.disconnect();
    expect(chunks).toEqual(["x"]);
    expect(outcomes).toMatchObject([{ ok: false, error: { code: "aborted" } }]);
  });
});

test("cancel answers the caller at once; the slot is held until the provider ends or the grace is over", () => {
  const socket = room.join();
  const cancelled = [room.call(), room.call()];
  for (const { call } of cancelled) expect(room.service.calls.cancel(call, "enough")).toBe(true);
  expect(cancelled.map(({ outcomes }) => outcomes)).toMatchObject([[{ ok: false, error: { code: "cancelled" } }], [{ ok: false }]]);
  expect(socket.last("cancel")).toMatchObject({ reason: "enough" });
  expect(inflight()).toBe(2);
  socket.receive("fail", { id: cancelled[0]?.call.id, error: { code: "CANCELLED", message: "" } });
  expect(inflight()).toBe(1);
  vi.advanceTimersByTime(cancelGraceMs);
  expect(inflight()).toBe(0);
  expect(room.service.calls.cancel(cancelled[0]?.call as never, "again")).toBe(false);
});

test("the budget includes the wait for a slot", () => {
  const socket = room.join({ capacity: { concurrency: 1 } });
  room.call();
  room.call({ timeoutMs: 100 });
  vi.advanceTimersByTime(60);
  socket.receive("result", { id: invoked(socket), data: 1 });
  expect(socket.last("invoke")?.["budgetMs"]).toBeLessThanOrEqual(40);
});

test("a spent budget ends the call and reaches the provider", () => {
  const socket = room.join();
  const { outcomes } = room.call({ timeoutMs: 100 });
  expect(socket.last("invoke")).toMatchObject({ budgetMs: 100 });
  vi.advanceTimersByTime(101);
  expect(outcomes).toMatchObject([{ ok: false, error: { code: "deadlineExceeded" } }]);
  expect(socket.last("cancel")).toMatchObject({ reason: "deadline" });
});

describe("a full provider", () => {
  test("serves who waits in order as slots become free", () => {
    const socket = room.join({ capacity: { concurrency: 1 } });
    const calls = ["a", "b", "c"].map((params) => room.call({ params }));
    const order: unknown[] = [];
    for (let index = 0; index < 3; index += 1) {
      order.push(socket.last("invoke")?.["params"]);
      socket.receive("result", { id: invoked(socket), data: index });
    }
    expect(order).toEqual(["a", "b", "c"]);
    expect(calls.every(({ outcomes }) => outcomes.length === 1)).toBe(true);
  });

  test("says busy when the wait is over, and a new instance takes over who waits", () => {
    room.join({ capacity: { concurrency: 1 } });
    const [, patient, hasty] = [room.call(), room.call({ timeoutMs: 60_000 }), room.call({ timeoutMs: 50 })];
    vi.advanceTimersByTime(60);
    expect(hasty.outcomes).toMatchObject([
      { ok: false, error: { code: "resourceExhausted", details: { retryAfterMs: expect.any(Number) } } },
    ]);
    expect(patient.outcomes).toEqual([]);
    const second = room.join({ instance: "two" });
    expect(second.last("invoke")).toMatchObject({ id: patient.call.id });
  });

  test("refuses who waits when nobody is left to serve", () => {
    const socket = room.join({ capacity: { concurrency: 1 } });
    const [running, waiting] = [room.call(), room.call()];
    socket.disconnect();
    expect(running.outcomes).toMatchObject([{ ok: false, error: { code: "aborted" } }]);
    expect(waiting.outcomes).toMatchObject([{ ok: false, error: { code: "unavailable" } }]);
  });
});

describe("a stream", () => {
  test("is put in order by seq, and batches count by their length", () => {
    const socket = room.join();
    const { call, chunks, outcomes } = room.call({ method: "flow" });
    socket.receive("chunk", { id: call.id, seq: 3, data: "d" });
    socket.receive("chunk", { id: call.id, seq: 1, batch: ["b", "c"] });
    expect(chunks).toEqual([]);
    socket.receive("chunk", { id: call.id, seq: 0, data: "a" });
    socket.receive("chunk", { id: call.id, seq: 1, data: "again" });
    expect(chunks).toEqual(["a", "b", "c", "d"]);
    socket.receive("result", { id: call.id, data: null });
    expect(outcomes).toMatchObject([{ ok: true }]);
  });

  test("with a gap never ends as if it were whole", () => {
    const socket = room.join();
    const { call, outcomes } = room.call({ method: "flow" });
    socket.receive("chunk", { id: call.id, seq: 0, data: "a" });
    socket.receive("chunk", { id: call.id, seq: 2, data: "c" });
    socket.receive("result", { id: call.id, data: null });
    expect(outcomes).toMatchObject([{ ok: false, error: { code: "internal", message: expect.stringContaining("chunk 1") } }]);
  });

  test("gets credit only as its consumer takes, and fewer chunks when they are large", () => {
    const socket = room.join();
    const { call } = room.call({ method: "flow" });
    const large = "x".repeat(64 * 1024);
    for (let seq = 0; seq < streamCreditChunks; seq += 1) socket.receive("chunk", { id: call.id, seq, data: large });
    expect(socket.last("credit")).toBeUndefined();
    room.service.calls.consumed(call, streamCreditChunks / 2);
    expect(socket.last("credit")).toBeUndefined();
    room.service.calls.consumed(call, streamCreditChunks / 2);
    expect(socket.last("credit")).toEqual({ id: call.id, n: 3, taken: streamCreditChunks });
  });

  test("that floods beyond its credit is ended and its provider told", () => {
    const socket = room.join();
    const { call, outcomes } = room.call({ method: "flow" });
    for (let seq = 0; seq < 1000; seq += 1) socket.receive("chunk", { id: call.id, seq, data: 1 });
    expect(outcomes).toMatchObject([{ ok: false, error: { code: "resourceExhausted" } }]);
    expect(socket.last("cancel")).toMatchObject({ id: call.id });
  });
});

test("calls go to the least loaded instance, and weight counts", () => {
  const light = room.join({ instance: "light", capacity: { concurrency: 100, weight: 1 } });
  const heavy = room.join({ instance: "heavy", capacity: { concurrency: 100, weight: 3 } });
  for (let index = 0; index < 40; index += 1) room.call();
  const count = ({ sent }: FakeSocket) => sent.filter(({ event }) => event === "invoke").length;
  expect([count(light), count(heavy)]).toEqual([10, 30]);
});
