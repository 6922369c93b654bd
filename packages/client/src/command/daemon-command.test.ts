import { afterAll, beforeAll, expect, test, vi } from "vitest";

import { carried, type CommandDefinition } from "../routing/definition.ts";
import { daemonCommand } from "./daemon-command.ts";
import { daemonGroup } from "./daemon-group.ts";

beforeAll(() => void vi.stubEnv("GANTRY_ROUTING", "false"));
afterAll(() => vi.unstubAllEnvs());

const definitionsOf = (value: unknown) => [(value as Record<symbol, unknown>)[carried]].flat() as CommandDefinition[];
const runIn = (value: unknown, name: string, input: unknown) =>
  definitionsOf(value)
    .find((definition) => definition.name === name)
    ?.run(input, undefined as never);

test("a wrapped function is the function when it is not routed, and carries its command", async () => {
  const add = daemonCommand({ name: "add", summary: "Adds", timeoutMs: 5 }, (a: number, b: number) => a + b);
  expect(await add(1, 2)).toBe(3);
  expect(definitionsOf(add)).toMatchObject([{ "gantry.command": 1, name: "add", summary: "Adds", timeoutMs: 5, positionals: ["args"] }]);
  expect(await runIn(add, "add", { args: [1, 2] })).toBe(3);
  expect(await runIn(add, "add", { args: [1, 2], routed: {} })).toEqual({ value: 3 });
});

test("a group names its functions", async () => {
  const images = daemonGroup("images", { size: (name: string) => name.length, fail: () => Promise.reject(new Error("no")) });
  expect(await images.size("four")).toBe(4);
  await expect(images.fail()).rejects.toThrow("no");
  expect(definitionsOf(images).map(({ name }) => name)).toEqual(["images.size", "images.fail"]);
});

// Node does not run decorators yet, so these are called as a compiler's output calls them.
const context = (name: string, isStatic = false, initializers: (() => void)[] = []) =>
  ({ kind: "method", name, static: isStatic, addInitializer: (run: () => void) => initializers.push(run) }) as unknown as never;

test("a decorated class names the commands of its methods and is made anew in a worker", async () => {
  class Images {
    prefix = "a";
    async label(text: string): Promise<string> {
      return this.prefix + text;
    }
    static async count(): Promise<number> {
      return 7;
    }
  }
  Images.prototype.label = daemonCommand()(Images.prototype.label, context("label"));
  Images.count = daemonCommand({ name: "total" })(Images.count, context("count", true));
  daemonGroup("images")(Images, undefined as never);

  const own = new Images();
  own.prefix = "b";
  expect(await own.label("x")).toBe("bx");
  expect(definitionsOf(Images).map(({ name }) => name)).toEqual(["images.total", "images.label"]);
  expect(await runIn(Images, "images.label", { args: ["x"] })).toBe("ax");
  expect(await runIn(Images, "images.total", {})).toBe(7);
});

test("a decorated static method needs no decorated class", async () => {
  class Tools {
    readonly kind = "tools";
    static async twice(n: number): Promise<number> {
      return n * 2;
    }
  }
  const initializers: (() => void)[] = [];
  Tools.twice = daemonCommand()(Tools.twice, context("twice", true, initializers));
  for (const run of initializers) run.call(Tools);
  expect(await runIn(Tools, "twice", { args: [4] })).toBe(8);
});
