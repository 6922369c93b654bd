/** Who gets a call: load, latency, weight, breakers, affinity, and the preference for newer protocols. */
import { olderFeature } from "@gantry/contract";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import { createTestRoom, type FakeSocket, type TestRoom } from "./testing.ts";

let room: TestRoom;
beforeEach(() => {
  vi.useFakeTimers();
  room = createTestRoom();
});
afterEach(() => void vi.useRealTimers());

const models = [{ id: "m" }];
const count = ({ sent }: FakeSocket) => sent.filter(({ event }) => event === "invoke").length;
const open = (socket: FakeSocket) => socket.last("invoke")?.["id"] as string;
const answer = (socket: FakeSocket, error?: string) =>
  error === undefined
    ? socket.receive("result", { id: open(socket), data: 1 })
    : socket.receive("fail", { id: open(socket), error: { code: error, message: "x" } });

/** One call at a time, each answered by whoever got it after the milliseconds that this one takes. */
function callOneByOne(sockets: FakeSocket[], times: number, tookMs: number[], request = {}): number[] {
  const before = sockets.map(count);
  for (let round = 0; round < times; round += 1) {
    const counts = sockets.map(count);
    room.call(request);
    const at = sockets.findIndex((socket, index) => count(socket) > (counts[index] as number));
    vi.advanceTimersByTime(tookMs[at] as number);
    answer(sockets[at] as FakeSocket);
  }
  return sockets.map((socket, index) => count(socket) - (before[index] as number));
}

describe("latency", () => {
  test("sends most calls to the faster of two, and tries the slower again after a while", () => {
    const sockets = [room.join({ instance: "fast" }), room.join({ instance: "slow" })];
    const [fast, slow] = callOneByOne(sockets, 40, [2, 200]);
    expect(slow).toBeLessThanOrEqual(2);
    expect(fast).toBeGreaterThanOrEqual(38);
    // The slow one has recovered: it is forgiven as its peak fades.
    vi.advanceTimersByTime(60_000);
    expect(callOneByOne(sockets, 40, [2, 2])[1]).toBeGreaterThan(5);
  });

  test("is a figure people can see", () => {
    const socket = room.join();
    callOneByOne([socket], 3, [10]);
    expect(room.service.get("p").instances[0]).toMatchObject({ latencyMs: 10, durationMs: 10, breakers: [] });
  });
});

test("an instance's word on its own load counts, until it is old", () => {
  const sockets = [room.join({ instance: "one" }), room.join({ instance: "two" })];
  sockets[0]?.receive("status", { state: "ok", inflight: 20, queue: 5 });
  for (let call = 0; call < 10; call += 1) room.call();
  expect(sockets.map(count)).toEqual([0, 10]);
  expect(room.service.get("p").instances[0]).toMatchObject({ queued: 5 });
  vi.advanceTimersByTime(30_001);
  for (let call = 0; call < 9; call += 1) room.call();
  expect(count(sockets[0] as FakeSocket)).toBeGreaterThanOrEqual(9);
});

describe("breakers", () => {
  const failing = () => {
    const sockets = ["bad", "good", "other"].map((instance) => room.join({ instance }));
    const [bad] = sockets as [FakeSocket, FakeSocket, FakeSocket];
    while (count(bad) < 5) {
      const before = count(bad);
      room.call();
      for (const socket of sockets) if (socket !== bad) answer(socket);
      if (count(bad) > before) answer(bad, "INTERNAL");
    }
    return { sockets, bad };
  };

  test("keep calls from an instance that fails them, show it, and let one trial through", () => {
    const { bad } = failing();
    expect(room.service.get("p").instances[0]?.breakers).toMatchObject([{ method: "once", state: "open", failures: 5 }]);
    for (let call = 0; call < 30; call += 1) room.call();
    expect(count(bad)).toBe(5);
    vi.advanceTimersByTime(2_000);
    for (let call = 0; call < 30; call += 1) room.call();
    expect(count(bad)).toBe(6);
    expect(room.service.get("p").instances[0]?.breakers).toMatchObject([{ state: "trying" }]);
    answer(bad);
    expect(room.service.get("p").instances[0]?.breakers).toEqual([]);
  });

  test("do not open for what callers did", () => {
    const socket = room.join();
    for (let call = 0; call < 20; call += 1) {
      const noted = room.call();
      if (call % 2 === 0) answer(socket, "INVALID_ARGUMENT");
      else room.service.calls.cancel(noted.call, "enough");
    }
    expect(room.service.get("p").instances[0]?.breakers).toEqual([]);
  });

  test("judge a stream by its end, and count a spent budget", () => {
    const socket = room.join();
    for (let call = 0; call < 5; call += 1) {
      const noted = room.call({ method: "flow", timeoutMs: 100 });
      socket.receive("chunk", { id: noted.call.id, seq: 0, data: 1 });
      if (call % 2 === 0) answer(socket, "INTERNAL");
      else vi.advanceTimersByTime(101);
    }
    expect(room.service.get("p").instances[0]?.breakers).toMatchObject([{ method: "flow", state: "open", failures: 5 }]);
  });

  test("are heeded while no more than half of the instances have one open", () => {
    const [bad, good] = ["bad", "good"].map((instance) => room.join({ instance })) as [FakeSocket, FakeSocket];
    for (let call = 0; count(bad) < 5 && call < 500; call += 1) {
      const before = count(bad);
      room.call();
      if (count(bad) > before) answer(bad, "UNAVAILABLE");
      else {
        vi.advanceTimersByTime(20);
        answer(good);
      }
    }
    for (let call = 0; call < 20; call += 1) room.call();
    expect(count(bad)).toBe(5);
  });

  test("wait twice as long after a trial that failed, and try again after one that was cancelled", () => {
    const { bad } = failing();
    const trial = () => {
      const before = count(bad);
      const calls = Array.from({ length: 12 }, () => room.call());
      return count(bad) > before ? calls.find(({ call }) => call.instance?.instance === "bad") : undefined;
    };
    vi.advanceTimersByTime(1_300);
    const cancelled = trial();
    room.service.calls.cancel(cancelled?.call as never, "enough");
    answer(bad, "CANCELLED");
    expect(trial()).toBeDefined();
    answer(bad, "INTERNAL");
    vi.advanceTimersByTime(1_500);
    expect(trial()).toBeUndefined();
    vi.advanceTimersByTime(1_000);
    expect(trial()).toBeDefined();
    answer(bad);
    expect(room.service.get("p").instances[0]?.breakers).toEqual([]);
  });

  test("let calls through that wait, when the pause is over and when the trial went well", () => {
    const capacity = { concurrency: 1 };
    const [bad, good] = ["bad", "good"].map((instance) => room.join({ instance, capacity })) as [FakeSocket, FakeSocket];
    room.join({ instance: "third", capacity });
    for (let call = 0; count(bad) < 5 && call < 500; call += 1) {
      const before = count(bad);
      const { call: made } = room.call();
      if (count(bad) > before) answer(bad, "INTERNAL");
      else room.service.calls.result(made, 1, undefined);
    }
    // The healthy two are busy, and this one waits.
    room.call();
    room.call();
    const waiting = [room.call(), room.call()];
    expect(count(bad)).toBe(5);
    vi.advanceTimersByTime(1_300);
    expect(count(bad)).toBe(6);
    answer(bad);
    expect(count(bad)).toBe(7);
    answer(bad);
    expect(waiting.map(({ outcomes }) => outcomes)).toMatchObject([[{ ok: true }], [{ ok: true }]]);
    expect(count(good)).toBeGreaterThan(0);
  });

  test("are of one method only, and ignored when most are open", () => {
    const { sockets, bad } = failing();
    for (let call = 0; call < 12; call += 1) room.call({ method: "again" });
    expect(count(bad)).toBeGreaterThan(5);
    for (const socket of sockets.slice(1)) socket.disconnect();
    const { outcomes } = room.call();
    answer(bad);
    expect(outcomes).toMatchObject([{ ok: true }]);
  });
});

describe("affinity", () => {
  test("keeps a key at one instance, spreads keys, and moves few of them when one leaves", () => {
    const sockets = ["a", "b", "c"].map((instance) => room.join({ instance, models }));
    const keys = Array.from({ length: 60 }, (_, index) => `user-${index}`);
    const placed = () =>
      keys.map((affinity) => {
        const { call } = room.call({ affinity, route: { model: "m" } });
        const instance = call.instance?.instance;
        room.service.calls.result(call, 1, undefined);
        return instance;
      });
    const first = placed();
    expect(placed()).toEqual(first);
    for (const name of ["a", "b", "c"]) expect(first.filter((instance) => instance === name).length).toBeGreaterThan(8);
    sockets[1]?.disconnect();
    const moved = placed().filter((instance, index) => instance !== first[index]).length;
    expect(moved).toBe(first.filter((instance) => instance === "b").length);
  });

  test("is abandoned when its instance is much busier than the others", () => {
    for (const instance of ["a", "b", "c"]) room.join({ instance });
    const places = new Set(Array.from({ length: 30 }, () => room.call({ affinity: "one" }).call.instance?.instance));
    expect(places.size).toBe(3);
  });
});

test("an older protocol is used only when nobody newer offers the model", () => {
  const older = room.join({ name: "old", models, features: [olderFeature] });
  const newer = room.join({ name: "new", models, capacity: { concurrency: 5 } });
  const call = () => room.call({ route: { model: "m" } });
  for (let index = 0; index < 5; index += 1) call();
  expect([count(older), count(newer)]).toEqual([0, 5]);
  call();
  expect(count(older)).toBe(1);
});

describe("second tries", () => {
  const request = { method: "again" };

  test("take a call that a draining instance refused to another", () => {
    const sockets = [room.join({ instance: "one" }), room.join({ instance: "two" })];
    const { outcomes, call } = room.call(request);
    const took = sockets.find((socket) => count(socket) === 1) as FakeSocket;
    const other = sockets.find((socket) => socket !== took) as FakeSocket;
    took.receive("fail", { id: call.id, error: { code: "UNAVAILABLE", message: "draining", retryable: true } });
    expect(other.last("invoke")).toMatchObject({ id: call.id, attempt: 2 });
    answer(other);
    expect(outcomes).toMatchObject([{ ok: true }]);
    expect(room.service.get("p")).toMatchObject({ inflight: 0, failures: 1 });
  });

  test("are at most one in ten calls, besides a small reserve", () => {
    const sockets = [room.join({ instance: "one" }), room.join({ instance: "two" })];
    const second = () =>
      sockets.flatMap(({ sent }) => sent).filter(({ message }) => (message as { attempt?: number }).attempt === 2).length;
    for (let index = 0; index < 200; index += 1) {
      const { call } = room.call(request);
      room.service.calls.fail(call, { code: "UNAVAILABLE", message: "no", retryable: true });
      if (call.state !== "closed") room.service.calls.result(call, 1, undefined);
    }
    expect(second()).toBeGreaterThanOrEqual(29);
    expect(second()).toBeLessThanOrEqual(30);
  });
});

test("who is refused for want of a slot hears when one is likely to be free", () => {
  const socket = room.join({ capacity: { concurrency: 1 } });
  callOneByOne([socket], 5, [400]);
  room.call();
  const waiting = [room.call({ timeoutMs: 20 }), room.call({ timeoutMs: 20 })];
  vi.advanceTimersByTime(25);
  const waits = waiting.flatMap(({ outcomes }) => outcomes.map((outcome) => (outcome.ok ? 0 : outcome.error.details?.["retryAfterMs"])));
  expect(waits).toEqual([1200, 800]);
});
