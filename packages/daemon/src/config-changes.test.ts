import { Configuration, isReloadable, reloadableKeys } from "@gantry/contract";
import { expect, test } from "vitest";

import type { LoadedConfig } from "./config.ts";
import { changesBetween, putInForce } from "./config-changes.ts";

const loadedFrom = (given: object): LoadedConfig => {
  const config = Configuration.parse(given);
  return { config, configFile: undefined, baseDirectory: "/", values: [{ key: "daemon.port", value: config.daemon.port, origin: "x" }] };
};

test("each changed key is told with what it was, what it is, and whether it is in force", () => {
  const before = Configuration.parse({ daemon: { port: 1, logLevel: "warn" }, queue: { old: {}, kept: { maxConcurrent: 1 } } });
  const after = Configuration.parse({
    daemon: { port: 2, logLevel: "debug" },
    queue: { kept: { maxConcurrent: 2 }, fresh: { maxQueued: 3 } },
  });
  expect(changesBetween(before, after)).toEqual([
    { key: "daemon.port", change: "changed", before: 1, after: 2, effect: "restart" },
    { key: "daemon.logLevel", change: "changed", before: "warn", after: "debug", effect: "applied" },
    { key: "queue.old", change: "removed", before: {}, effect: "applied" },
    { key: "queue.kept.maxConcurrent", change: "changed", before: 1, after: 2, effect: "applied" },
    { key: "queue.fresh", change: "added", after: { maxQueued: 3 }, effect: "applied" },
  ]);
  expect(changesBetween(after, structuredClone(after))).toEqual([]);
});

test("a changed secret is told as changed and not shown", () => {
  const withToken = (token: string) =>
    Configuration.parse({
      command: { deploy: { argv: ["x"], env: { TOKEN: token }, input: { pass: { secret: true }, place: {} } } },
      schedule: {
        nightly: { command: "deploy", everyMs: 1000, input: { pass: token, place: `at ${token.length}` } },
        unknown: { command: "of-a-module", everyMs: 1000, argv: [token] },
      },
    });
  const changes = changesBetween(withToken("first"), withToken("second"));
  expect(changes.map(({ key, before, after }) => [key, before, after])).toEqual([
    ["command.deploy.env.TOKEN", "[secret]", "[secret]"],
    ["schedule.nightly.input.pass", "[secret]", "[secret]"],
    ["schedule.nightly.input.place", "at 5", "at 6"],
    ["schedule.unknown.argv", "[secret]", "[secret]"],
  ]);
});

test("what needs no restart is put into force where it is held, and the rest stays", () => {
  const loaded = loadedFrom({ daemon: { port: 1 }, queue: { old: {} }, commands: { history: { maxCount: 5 } } });
  const held = { ...loaded.config, history: loaded.config.commands.history };
  putInForce(loaded, loadedFrom({ daemon: { port: 2, drainTimeoutMs: 3 }, queue: { fresh: {} }, commands: { history: { maxCount: 6 } } }));
  expect(held.daemon).toMatchObject({ port: 1, drainTimeoutMs: 3 });
  expect(held.queue).toEqual({ fresh: {} });
  expect(held.history.maxCount).toBe(6);
  expect(loaded.values).toEqual([{ key: "daemon.port", value: 1, origin: "x" }]);
});

test("every reloadable key is one of the configuration, and the address is none of them", () => {
  const { daemon, ...tables } = Configuration.shape;
  const known = [...Object.keys(tables), ...Object.keys(daemon.unwrap().shape).map((name) => `daemon.${name}`)];
  expect(known).toEqual(expect.arrayContaining([...reloadableKeys]));
  expect(known.filter((key) => !isReloadable(key))).toEqual(expect.arrayContaining(["instance", "daemon.host", "daemon.port"]));
});
