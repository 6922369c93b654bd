/** A changed configuration: what differs is started, restarted, or stopped, calls are finished first, and nothing else is disturbed. */
import { Configuration, type ProviderConfiguration } from "@gantry/contract";
import fc from "fast-check";
import { expect, test, vi } from "vitest";

import { createTestRoom } from "../testing.ts";
import type { StartInstance } from "./kind.ts";

const settle = () => new Promise((resolve) => setImmediate(resolve));
const table = (more: Partial<ProviderConfiguration> = {}): ProviderConfiguration =>
  Configuration.parse({ provider: { one: { type: "process", command: "x", ...more } } }).provider["one"] as ProviderConfiguration;

/** A room whose programs the test plays; each life is noted with the arguments it was started with. */
function play(configured: Record<string, ProviderConfiguration>) {
  const lives: { label: string; args: string[]; isOver: boolean }[] = [];
  const answers: (() => void)[] = [];
  const start: StartInstance = async ({ provider: { name, settings }, instance, join }) => {
    if (settings.args[0] === "broken") throw new Error("no luck");
    const life = { label: `${name}/${instance}`, args: settings.args, isOver: false };
    const ended = Promise.withResolvers<string>();
    const over = (reason: string) => {
      life.isOver = true;
      ended.resolve(reason);
    };
    const local = join(
      { methods: [{ name: "work", stream: false, idempotent: false }] },
      { invoke: () => new Promise((resolve) => answers.push(() => resolve({ data: settings.args }))), gone: over },
    );
    lives.push(life);
    return {
      ended: ended.promise,
      async stop(reason) {
        local.leave(reason);
        over(reason);
      },
    };
  };
  const room = createTestRoom({ configured, kinds: { process: start, cli: start } });
  const running = () =>
    lives
      .filter(({ isOver }) => !isOver)
      .map(({ label, args }) => [label, ...args].join(" "))
      .sort();
  return { room, lives, answers, running, apply: (next: typeof configured, ms = 1000) => room.service.applyConfigured(next, ms) };
}

test("starts what is new, stops what is gone, restarts what differs, and leaves the rest as it runs", async () => {
  const { room, running, lives, apply } = play({ kept: table(), gone: table(), other: table(), later: table({ autoStart: false }) });
  room.service.start();
  await settle();
  expect(running()).toEqual(["gone/1", "kept/1", "other/1"]);
  const applied = await apply({ kept: table(), other: table({ args: ["b"] }), added: table(), later: table() });
  await settle();
  expect(applied).toEqual({ added: ["added"], removed: ["gone"], changed: ["other", "later"], unchanged: ["kept"] });
  expect(running()).toEqual(["added/1", "kept/1", "later/1", "other/1 b"]);
  expect(lives.filter(({ label }) => label === "kept/1")).toHaveLength(1);
  expect(room.service.list().map(({ name, state }) => `${name} ${state}`)).toEqual([
    "added ready",
    "kept ready",
    "later ready",
    "other ready",
  ]);
  expect(() => room.call({ route: { provider: "gone" }, method: "work" })).toThrow("There is no provider gone");
  await room.service.close();
});

test("lets calls finish before the old one ends, and cuts them at the deadline", async () => {
  const { room, answers, running, apply } = play({ slow: table() });
  room.service.start();
  await settle();
  const first = room.call({ route: { provider: "slow" }, method: "work" });
  const changing = apply({ slow: table({ args: ["new"] }) }, 60_000);
  await settle();
  expect(running()).toEqual(["slow/1"]);
  answers[0]?.();
  expect(await changing).toMatchObject({ changed: ["slow"] });
  expect(first.outcomes).toMatchObject([{ ok: true, result: [] }]);
  await settle();
  expect(running()).toEqual(["slow/1 new"]);
  const cut = room.call({ route: { provider: "slow" }, method: "work" });
  expect(await apply({}, 20)).toMatchObject({ removed: ["slow"] });
  expect(cut.outcomes).toMatchObject([{ ok: false, error: { code: "aborted" } }]);
  expect(room.service.list()).toEqual([]);
});

test("more or fewer instances leave the others alone, and another type takes the name over", async () => {
  const { room, lives, running, apply } = play({ p: table({ instances: 2 }) });
  room.service.start();
  await settle();
  await apply({ p: table({ instances: 3 }) });
  await settle();
  await apply({ p: table({ instances: 1 }) });
  await settle();
  expect(running()).toEqual(["p/1"]);
  expect(lives).toHaveLength(3);
  await apply({ p: table({ type: "cli", command: "claude" }) });
  await settle();
  expect(running()).toEqual(["p/1"]);
  expect(room.service.get("p")).toMatchObject({ type: "cli", supervision: [{ state: "running" }] });
  await apply({ p: table({ type: "socket", command: undefined }) });
  expect(running()).toEqual([]);
  expect(room.service.get("p").supervision).toBeUndefined();
});

test("what failed or was stopped runs again once its settings are mended", async () => {
  const { room, running, apply } = play({ p: table({ args: ["broken"] }), once: table({ args: ["broken"], autoRestart: false }) });
  room.service.start();
  await settle();
  expect(room.service.get("p").supervision).toMatchObject([{ state: "waiting", lastEnd: "no luck" }]);
  await apply({ p: table(), once: table({ autoRestart: false }) });
  await vi.waitFor(() => expect(running()).toEqual(["once/1", "p/1"]));
  await room.service.close();
});

test("before the start nothing runs, and after it whatever is applied ends as the last that was asked for", async () => {
  const anySettings = fc.record({
    args: fc.constantFrom([], ["a"], ["b"], ["broken"]),
    instances: fc.integer({ min: 1, max: 3 }),
    type: fc.constantFrom("process", "cli", "socket"),
  });
  const anySet = fc.dictionary(fc.constantFrom("x", "y", "z"), anySettings, { noNullPrototype: true });
  await fc.assert(
    fc.asyncProperty(fc.array(anySet, { minLength: 1, maxLength: 5 }), fc.nat({ max: 4 }), async (sets, startedAt) => {
      const { room, running, apply } = play({});
      const asked: Promise<unknown>[] = [];
      for (const [index, set] of sets.entries()) {
        if (index === startedAt) room.service.start();
        const next = Object.fromEntries(Object.entries(set).map(([name, more]) => [name, table(more as never)]));
        asked.push(apply(next, 5));
        if (index % 2 === 0) await settle();
      }
      await Promise.all(asked);
      await settle();
      const wanted = Object.entries(sets.at(-1) ?? {}).flatMap(([name, { args, instances, type }]) =>
        args[0] === "broken" || type === "socket"
          ? []
          : Array.from({ length: instances }, (_, index) => [`${name}/${index + 1}`, ...args].join(" ")),
      );
      expect(running()).toEqual(startedAt < sets.length ? wanted.sort() : []);
      await room.service.close();
      expect(running()).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
