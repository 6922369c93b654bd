/** One connection: what it may register, what replaces it, and that nothing a peer sends can do harm. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { callerOf, createFakeSocket, createTestRoom, type FakeSocket, type NotedCall } from "./testing.ts";

const document = { proto: 1, name: "p", instance: "one", epoch: 5, methods: [{ name: "once" }] };

/** Too deep for whoever writes JSON. */
function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = [value];
  return value;
}

test("what nests too deep to be written is refused in either direction, and goes no further", () => {
  const room = createTestRoom();
  const socket = room.join();
  const deep = nested(10_000);
  expect(() => room.call({ params: deep })).toThrow("nest deeper than");
  expect(socket.last("invoke")).toBeUndefined();
  const [chunked, answered, failed] = [room.call({ method: "flow" }), room.call(), room.call()];
  socket.receive("chunk", { id: chunked?.call.id, seq: 0, data: deep });
  socket.receive("result", { id: answered?.call.id, data: deep });
  socket.receive("fail", { id: failed?.call.id, error: { code: "INTERNAL", message: "broken", details: { deep } } });
  expect(chunked?.chunks).toEqual([]);
  for (const { outcomes } of [chunked, answered]) expect(outcomes).toMatchObject([{ ok: false, error: { code: "payloadTooLarge" } }]);
  expect(failed.outcomes).toMatchObject([{ ok: false, error: { code: "internal", message: expect.stringContaining("broken") } }]);
  expect(() => JSON.stringify(failed.outcomes)).not.toThrow();
});

describe("register", () => {
  const offer = (message: unknown, caller = callerOf("admin")) => {
    const room = createTestRoom();
    const socket = createFakeSocket();
    room.service.accept(socket, caller);
    return { room, socket, answer: socket.receive("register", message) };
  };

  test("answers with limits and peers", () => {
    const { answer } = offer(document);
    expect(answer).toMatchObject({ ok: true, proto: 1, node: "test", limits: { credit: 64, maxPayload: 4 * 1024 * 1024 }, peers: [] });
  });

  test.each([
    ["nothing", undefined],
    ["another protocol version", { ...document, proto: 2 }],
    ["a method twice", { ...document, methods: [{ name: "a" }, { name: "a" }] }],
    ["a schema that is none", { ...document, methods: [{ name: "a", input: { type: "nonsense" } }] }],
    ["a cyclic schema", { ...document, methods: [{ name: "a", input: { $ref: "#" } }] }],
    ["a document that nests without end", { ...document, metadata: { deep: nested(10_000) } }],
    ["a name with control characters", { ...document, name: "p\u001b]0;x" }],
  ])("refuses %s and says why", (_what, message) => {
    const { answer, room } = offer(message);
    expect(answer).toMatchObject({ ok: false, error: { code: "INVALID_ARGUMENT", message: expect.any(String) } });
    expect(room.service.list()).toEqual([]);
  });

  test("refuses a name that the key may not register", () => {
    expect(offer(document, callerOf("provider", ["q"])).answer).toMatchObject({ ok: false, error: { code: "PERMISSION_DENIED" } });
    expect(offer(document, callerOf("viewer")).answer).toMatchObject({ ok: false, error: { code: "PERMISSION_DENIED" } });
    expect(offer(document, callerOf("provider", ["p"])).answer).toMatchObject({ ok: true });
  });

  test("with a higher epoch takes over the name; with the same it is refused and nothing is disturbed", () => {
    const { room, socket } = offer(document);
    const second = createFakeSocket();
    room.service.accept(second, callerOf("admin"));
    expect(second.receive("register", document)).toMatchObject({ ok: false, error: { code: "INVALID_ARGUMENT" } });
    expect(socket.isConnected).toBe(true);
    expect(second.receive("register", { ...document, epoch: 6 })).toMatchObject({ ok: true });
    expect(socket.isConnected).toBe(false);
    expect(room.service.get("p").instances).toMatchObject([{ epoch: 6 }]);
  });

  test("again on the same connection replaces the whole document", () => {
    const { room, socket } = offer({ ...document, capabilities: ["old"], models: [{ id: "m-1" }] });
    socket.receive("register", { ...document, methods: [{ name: "other" }], capabilities: ["new"] });
    expect(room.service.capabilities()).toEqual([{ capability: "new", providers: ["p"] }]);
    expect(room.service.models()).toEqual([]);
    expect(room.service.get("p").methods.map(({ name }) => name)).toEqual(["other"]);
  });
});

test("unregister takes no more calls and lets those in progress finish", () => {
  const room = createTestRoom();
  const socket = room.join();
  const { call, outcomes } = room.call();
  expect(socket.receive("unregister", {})).toMatchObject({ ok: true });
  expect(() => room.call()).toThrow("offline");
  socket.receive("result", { id: call.id, data: 1 });
  expect(outcomes).toMatchObject([{ ok: true, result: 1 }]);
});

test("a status is a hint, and a drain takes no more calls", () => {
  const room = createTestRoom();
  const socket = room.join();
  socket.receive("status", { state: "degraded", inflight: 0, queue: 9, detail: "hot" });
  expect(room.service.get("p").instances).toMatchObject([{ state: "degraded", detail: "hot" }]);
  room.call();
  socket.receive("drain", { deadlineMs: 100, reason: "leaving" });
  expect(() => room.call()).toThrow("draining");
});

test("health is measured, and a connection that ends meanwhile is unreachable at once", async () => {
  const room = createTestRoom();
  const socket = room.join();
  const asked = room.service.health("p", 60_000);
  socket.disconnect();
  expect(await asked).toMatchObject({ status: "unreachable", instances: [{ detail: expect.stringContaining("connection lost") }] });
});

// Anything at all, and things that are almost right.
type Step = (room: ReturnType<typeof createTestRoom>, sockets: FakeSocket[], calls: NotedCall[]) => void;

const pick = fc.nat({ max: 9 });
const seq = fc.oneof(fc.nat({ max: 5 }), fc.constantFrom(-1, 1.5, Number.NaN, "0", undefined, 2 ** 60));
const idOf = (calls: NotedCall[], index: number, garbage: unknown) => calls[index]?.call.id ?? garbage;

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom("once", "again", "flow").map((method): Step => (room, _sockets, calls) => {
      try {
        calls.push(room.call({ method }));
      } catch {
        // Nobody is connected: an honest refusal.
      }
    }),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(pick, pick, seq, fc.array(fc.anything(), { maxLength: 4 }), fc.anything()).map(
      ([socket, call, position, batch, garbage]): Step =>
        (_room, sockets, calls) =>
          sockets[socket % sockets.length]?.receive("chunk", { id: idOf(calls, call, garbage), seq: position, batch }),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(pick, pick, fc.constantFrom("result", "fail"), fc.anything()).map(
      ([socket, call, event, garbage]): Step =>
        (_room, sockets, calls) =>
          sockets[socket % sockets.length]?.receive(event, { id: idOf(calls, call, garbage), data: garbage, error: garbage }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        pick,
        fc.constantFrom("register", "unregister", "status", "drain", "chunk", "result", "fail", "invoke", "cancel", "credit"),
        fc.anything(),
      )
      .map(
        ([socket, event, garbage]): Step =>
          (_room, sockets) =>
            sockets[socket % sockets.length]?.receive(event, garbage),
      ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(pick, fc.integer({ min: -3, max: 9 })).map(([call, chunks]): Step => (room, _sockets, calls) => {
      const noted = calls[call];
      if (noted) room.service.calls.consumed(noted.call, Math.max(0, chunks));
    }),
  },
  {
    weight: 1,
    arbitrary: pick.map((call): Step => (room, _sockets, calls) => {
      const noted = calls[call];
      if (noted) room.service.calls.cancel(noted.call, "test");
    }),
  },
  {
    weight: 1,
    arbitrary: pick.map((socket): Step => (room, sockets) => {
      const index = socket % sockets.length;
      sockets[index]?.disconnect();
      sockets[index] = room.join({ instance: `i${index}` });
    }),
  },
);

test("a hostile provider cannot break the daemon, answer for another, or leave a call without its one end", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const room = createTestRoom();
      const sockets = [
        room.join({ instance: "i0", capacity: { concurrency: 3 } }),
        room.join({ instance: "i1", capacity: { concurrency: 2 } }),
      ];
      const calls: NotedCall[] = [];
      for (const run of steps) run(room, sockets, calls);
      for (const { outcomes } of calls) expect(outcomes.length).toBeLessThanOrEqual(1);
      for (const socket of sockets) socket.disconnect();
      for (const { outcomes } of calls) expect(outcomes).toHaveLength(1);
      expect(room.service.counts()).toEqual({ names: 0, instances: 0, callsInFlight: 0, callsWaiting: 0 });
      for (const { call } of calls) {
        expect(call.state).toBe("closed");
        expect(call.instance?.inflight ?? 0).toBe(0);
      }
    }),
    { numRuns: 300 },
  );
});
