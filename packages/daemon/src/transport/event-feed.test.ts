import { type EventEnvelope, event, type Permission } from "@gantry/contract";
import { expect, test } from "vitest";
import { z } from "zod";

import type { Caller } from "../core/caller.ts";
import { systemClock } from "../core/clock.ts";
import { createEventBus } from "../core/event-bus.ts";
import { createEventFeed } from "./event-feed.ts";

const events = {
  "thing.made": event("executions.read", z.object({ n: z.number() })),
  "secret.made": event("keys.manage", z.object({ n: z.number() })),
};
const caller = (...permissions: Permission[]): Caller => ({ keyId: "key_x", role: "viewer", permissions: new Set(permissions) });

function setUp(snapshot: () => Promise<unknown> = async () => "all") {
  const bus = createEventBus<typeof events>(systemClock, (error) => {
    throw error;
  });
  const errors: unknown[] = [];
  const feed = createEventFeed({ events, bus, snapshot, epoch: "e1", onError: (error) => errors.push(error) });
  const subscribe = (who: Caller, since?: number) => {
    const seen: (string | number)[] = [];
    let close: () => void = () => undefined;
    feed.subscribe(who, since, {
      snapshot: ({ seq }) => seen.push(`snapshot ${seq}`),
      event: ({ seq }: EventEnvelope) => seen.push(seq),
      onClose: (listener) => (close = listener),
    });
    return { seen, close: () => close() };
  };
  return { bus, feed, subscribe, errors };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("the snapshot comes first, and what happens while it is made comes after it, once", async () => {
  let finish: (value: unknown) => void = () => undefined;
  const { bus, subscribe } = setUp(() => new Promise((resolve) => (finish = resolve)));
  bus.publish("thing.made", { n: 1 });
  const { seen } = subscribe(caller("executions.read"));
  bus.publish("thing.made", { n: 2 });
  expect(seen).toEqual([]);
  finish("all");
  await settled();
  bus.publish("thing.made", { n: 3 });
  expect(seen).toEqual(["snapshot 1", 2, 3]);
});

test("a subscriber resumes without a snapshot where it left off, and gets one when that is too long ago", async () => {
  const { bus, subscribe } = setUp();
  for (let n = 0; n < 1500; n += 1) bus.publish("thing.made", { n });
  const resumed = subscribe(caller("executions.read"), 1497);
  const late = subscribe(caller("executions.read"), 10);
  await settled();
  expect(resumed.seen).toEqual([1498, 1499, 1500]);
  expect(late.seen).toEqual(["snapshot 1500"]);
});

test("events that a caller may not read are not sent, and a closed subscriber gets nothing", async () => {
  const { bus, subscribe } = setUp();
  const { seen, close } = subscribe(caller("executions.read"));
  await settled();
  bus.publish("secret.made", { n: 1 });
  bus.publish("thing.made", { n: 2 });
  close();
  bus.publish("thing.made", { n: 3 });
  expect(seen).toEqual(["snapshot 0", 2]);
});

test("a snapshot that fails is reported and harms nobody else", async () => {
  const { subscribe, errors } = setUp(() => Promise.reject(new Error("no")));
  subscribe(caller("executions.read"));
  await settled();
  expect(errors).toHaveLength(1);
});
