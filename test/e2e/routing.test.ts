/** Programs whose functions run in the daemon or in themselves, and must not be told apart by what they print, return, or leave with. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { type CliResult, collect, repository, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const client = (path: string) => JSON.stringify(`${repository}/packages/client/src/${path}/index.ts`);

/** Functions that a program wraps. The module is loaded by the program and by the workers. */
const tasks = `
import { spawnSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { daemonCommand, daemonGroup } from ${client("command")};

const wrap = (name, run, options) => daemonCommand({ name, module: import.meta.url, ...options }, run);
export const where = wrap("where", () => ({ pid: process.pid, cwd: process.cwd(), colour: process.env.COLOUR, only: process.env.ONLY_DAEMON }));
export const echo = wrap("echo-values", (...values) => values);
export const nothing = wrap("nothing", () => undefined);
export const fail = wrap("fail-richly", (file) => {
  throw Object.assign(new TypeError("bad file " + file, { cause: new RangeError("too long") }), { code: "EBAD" });
});
export const leave = wrap("leave", (code) => { console.log("leaving"); process.exit(code); });
export const mark = wrap("mark", async (file, waitMs) => {
  appendFileSync(file, "ran\\n");
  await sleep(waitMs);
  return "done";
});
export const nested = wrap("nested", async () => [process.pid, (await where()).pid]);
export const child = wrap("child", () => {
  const { stdout } = spawnSync(process.execPath, [process.env.PROGRAM, "where"], { encoding: "utf8" });
  return JSON.parse(stdout);
});
export const eager = wrap("eager", () => process.pid, { autoRoute: true });
export const strict = wrap("strict-only", () => process.pid, { fallbackToLocal: false });
export const elsewhere = daemonCommand({ name: "where", module: "file:///somewhere/else.mjs" }, () => "ran here");
export const brief = wrap("brief", () => new Promise(() => setTimeout(() => {}, 60_000)), { timeoutMs: 300 });
export const images = daemonGroup("images", { size: (name) => name.length, pid: () => process.pid });
`;

/** Calls one of them and prints what it returned or threw. */
const program = `
import * as tasks from "./tasks.mjs";
const [name, ...args] = process.argv.slice(2);
const values = { rich: [new Date(0), new Map([["a", 1n]]), undefined, Buffer.from("hi")] };
const given = args.map((word) => (word in values ? values[word] : JSON.parse(word)));
const run = name.split(".").reduce((holder, key) => holder[key], tasks);
try {
  const value = await run(...given);
  const isRich = args[0] === "rich";
  console.log(isRich ? [value[0][0] instanceof Date, value[0][1] instanceof Map && value[0][1].get("a"), value[0][2], String(value[0][3])].join() : JSON.stringify(value));
} catch (error) {
  const { name, message, code, cause, stack } = error;
  console.log(JSON.stringify({ name, message, code, cause: cause?.message, causeName: cause?.name, type: error instanceof TypeError, at: stack.includes("tasks.mjs") }));
  process.exitCode = 9;
}
`;

/** A program whose start-up is noticed. */
const app = `
import { routeCommander } from ${client("commander")};
const app = routeCommander(() => import("./app-program.mjs"), { name: "app", module: import.meta.url, readsStdin: process.env.READS === undefined ? false : undefined });
export default app;
if (import.meta.main) {
  const returned = await app.parseAsync();
  if (returned !== undefined) console.log("returned " + JSON.stringify(returned));
}
`;
const appProgram = `
import { appendFileSync, readFileSync } from "node:fs";
import { Command } from ${JSON.stringify(`${repository}/node_modules/commander/index.js`)};
appendFileSync(${JSON.stringify("LOADED")}, process.pid + "\\n");
export const program = new Command("app").option("--loud").version("1.2.3");
program.command("sum").argument("<n...>").option("--twice").action((numbers, options, command) => {
  const sum = numbers.reduce((total, n) => total + Number(n), 0) * (options.twice ? 2 : 1);
  console.log(command.parent.opts().loud ? "SUM " + sum : "sum " + sum);
  return { sum };
});
program.command("pid").action(() => process.pid);
program.command("stdin").action(() => console.log("got " + readFileSync(0, "utf8")));
program.command("wait").action(() => { console.log("waiting"); return new Promise((resolve) => setTimeout(resolve, 60_000)); });
program.command("error").action(() => program.error("app: no", { exitCode: 6 }));
program.command("code").action(() => { process.exitCode = 8; });
program.command("throw").action(() => { throw new Error("thrown"); });
`;

/** Compiled by TypeScript, because Node does not run decorators yet. */
const decorated = `
import { daemonCommand, daemonGroup } from ${client("command")};

@daemonGroup("shapes", { module: import.meta.url })
export class Shapes {
  @daemonCommand()
  async area(width: number, height: number): Promise<number[]> {
    return [width * height, process.pid];
  }
  @daemonCommand({ name: "corners" })
  static async countCorners(): Promise<number> {
    return 4;
  }
}
if (import.meta.main) {
  const [area, pid] = await new Shapes().area(6, 7);
  console.log(area, pid !== process.pid, await Shapes.countCorners());
}
`;

let daemon: TestDaemon;
const file = (name: string) => join(daemon.folder, name);
beforeAll(async () => {
  daemon = await startTestDaemon({
    config: `[commands]\nmodules = ["${repository}/examples/commander-app/main.ts", "./tasks.mjs", "./app.mjs", "./decorated/*.mjs"]\n`,
    env: { ONLY_DAEMON: "1" },
  });
  await writeFile(file("tasks.mjs"), tasks);
  await writeFile(file("program.mjs"), program);
  await writeFile(file("app.mjs"), app);
  await writeFile(file("app-program.mjs"), appProgram.replace("LOADED", file("loaded")));
});
afterAll(() => daemon[Symbol.asyncDispose]());

type Env = Record<string, string | undefined>;
const routed = { GANTRY_ROUTING: "true", ONLY_DAEMON: undefined };
const unrouted = { GANTRY_ROUTING: "false", ONLY_DAEMON: undefined };

async function run(path: string, args: string[], env: Env, cwd = daemon.folder): Promise<CliResult> {
  return collect(daemon.spawnProgram(process.execPath, [path, ...args], { cwd, env, stdin: "", timeoutMs: 20_000 }));
}
/** What the wrapped function gave, as the program printed it. */
async function call(name: string, args: string[] = [], env: Env = routed) {
  const { stdout, stderr } = await run(file("program.mjs"), [name, ...args], env);
  return (stdout === "" ? { stderr } : JSON.parse(stdout)) as never;
}
const countOf = async (command: string) => (await daemon.client.executions.list({ command })).items.length;

describe("examples/commander-app", () => {
  const main = `${repository}/examples/commander-app/main.ts`;
  const cases: string[][] = [
    ["count", "a", "bcd", "--times", "2"],
    ["count", "a", "--times", "1000"],
    ["strip", "program.ts"],
    ["strip", "missing.ts"],
    ["complain"],
    ["complain", "77"],
    ["--help"],
    ["count", "--help"],
    ["--version"],
    ["conut"],
    [],
  ];
  test.each(cases.map((args) => ({ args })))("prints the same bytes and leaves with the same code: $args", async ({ args }) => {
    const folder = `${repository}/examples/commander-app`;
    const before = await countOf("notes");
    const here = await run(main, args, unrouted, folder);
    expect(await countOf("notes")).toBe(before);
    const there = await run(main, args, routed, folder);
    expect(await countOf("notes")).toBe(before + 1);
    expect(there).toEqual(here);
    // Once more, because the worker is warm now.
    expect(await run(main, args, routed, folder)).toEqual(here);
  });
});

describe("routeCommander", () => {
  test("gives back what the action returned, and keeps no option for the next run", async () => {
    const sum = async (args: string[], env: Env) => (await run(file("app.mjs"), args, env)).stdout;
    for (const env of [unrouted, routed, routed]) {
      expect(await sum(["--loud", "sum", "1", "2", "--twice"], env)).toBe('SUM 6\nreturned {"sum":6}\n');
      expect(await sum(["sum", "1", "2"], env)).toBe('sum 3\nreturned {"sum":3}\n');
    }
  });

  test.each(["error", "code", "throw"])("leaves with the same code: %s", async (action) => {
    const here = await run(file("app.mjs"), [action], unrouted);
    const there = await run(file("app.mjs"), [action], routed);
    expect(there.exitCode).toBe(here.exitCode);
    expect(there.exitCode).not.toBe(0);
    expect(there.stderr).toContain(action === "throw" ? "Error: thrown" : here.stderr);
  });

  test("imports what is heavy only in the worker, and keeps it warm", async () => {
    const pids = [await run(file("app.mjs"), ["pid"], routed), await run(file("app.mjs"), ["pid"], routed)].map(({ stdout }) =>
      Number(stdout.replace("returned ", "")),
    );
    expect(pids[0]).toBe(pids[1]);
    const loaded = (await readFile(file("loaded"), "utf8")).trim().split("\n").map(Number);
    expect(loaded).toContain(pids[0]);
    const before = loaded.length;
    await run(file("app.mjs"), ["pid"], routed);
    expect((await readFile(file("loaded"), "utf8")).trim().split("\n")).toHaveLength(before);
  });

  test("notices that what the loader imports has changed", async () => {
    const source = await readFile(file("app-program.mjs"), "utf8");
    await writeFile(file("app-program.mjs"), source.replace('"sum " +', '"the sum is " +'));
    expect((await run(file("app.mjs"), ["sum", "1"], routed)).stdout).toBe('the sum is 1\nreturned {"sum":1}\n');
  });

  test("runs here when something is piped in that it may want to read", async () => {
    const child = daemon.spawnProgram(process.execPath, [file("app.mjs"), "stdin"], { env: { ...routed, READS: "maybe" }, stdin: "piped" });
    expect(await collect(child)).toMatchObject({ stdout: "got piped\n", exitCode: 0 });
  });

  test("Ctrl-C cancels the execution and ends the program as without a daemon", async () => {
    const child = daemon.spawnProgram(process.execPath, [file("app.mjs"), "wait"], { env: routed });
    const ended = collect(child);
    let shown = "";
    child.stdout?.on("data", (chunk: Buffer) => (shown += chunk.toString()));
    await until("the action to begin", () => shown.includes("waiting"));
    child.kill("SIGINT");
    expect(await ended).toMatchObject({ signal: "SIGINT" });
    expect((await daemon.client.executions.list({ command: "app", limit: 1 })).items[0]).toMatchObject({ state: "cancelled" });
  });
});

describe("daemonCommand", () => {
  test("runs with the caller's folder and environment and none of the daemon's", async () => {
    const here = await call("where", [], { ...unrouted, COLOUR: "red" });
    const there = await call("where", [], { ...routed, COLOUR: "red" });
    expect(here).toMatchObject({ cwd: daemon.folder, colour: "red" });
    expect(there).toEqual({ ...(here as object), pid: expect.any(Number) });
    expect(there).not.toHaveProperty("only");
  });

  test("returns native values", async () => {
    expect((await run(file("program.mjs"), ["echo", "rich"], routed)).stdout).toBe("true,1,,hi\n");
    expect(await call("echo", ["null", '{"a":[1,"x",null]}'])).toEqual([null, { a: [1, "x", null] }]);
    expect((await run(file("program.mjs"), ["nothing"], routed)).stdout).toBe("undefined\n");
    expect(await call("images.size", ['"four"'])).toBe(4);
    expect(await countOf("images.size")).toBe(1);
  });

  test("throws native errors", async () => {
    const error = {
      name: "TypeError",
      message: "bad file x",
      code: "EBAD",
      cause: "too long",
      causeName: "RangeError",
      type: true,
      at: true,
    };
    expect(await call("fail", ['"x"'], unrouted)).toEqual(error);
    expect(await call("fail", ['"x"'])).toEqual(error);
    expect(await call("brief")).toMatchObject({ name: "GantryError", code: "deadlineExceeded" });
  });

  test("leaves where the function does", async () => {
    for (const env of [unrouted, routed]) {
      expect(await run(file("program.mjs"), ["leave", "5"], env)).toMatchObject({ stdout: "leaving\n", exitCode: 5 });
      expect(await run(file("program.mjs"), ["leave", "0"], env)).toMatchObject({ stdout: "leaving\n", exitCode: 0 });
    }
  });

  test("never recurses: what a worker or its child calls runs there", async () => {
    const [outer, inner] = (await call("nested")) as unknown as number[];
    expect(inner).toBe(outer);
    const before = await countOf("where");
    await call("child", [], { ...routed, PROGRAM: file("program.mjs") });
    expect(await countOf("where")).toBe(before);
  });

  test("decorates methods", async () => {
    const folder = file("decorated");
    await mkdir(folder);
    await writeFile(join(folder, "shapes.ts"), decorated);
    const tsc = join(repository, "node_modules/typescript/bin/tsc");
    const flags = ["--target", "es2022", "--module", "esnext", "--noCheck", "--noResolve", "--ignoreConfig"];
    await collect(daemon.spawnProgram(process.execPath, [tsc, ...flags, "--outDir", folder, join(folder, "shapes.ts")]));
    await rename(join(folder, "shapes.js"), join(folder, "shapes.mjs"));
    expect(await run(join(folder, "shapes.mjs"), [], unrouted)).toMatchObject({ stdout: "42 false 4\n" });
    expect(await run(join(folder, "shapes.mjs"), [], routed)).toMatchObject({ stdout: "42 true 4\n", stderr: "" });
    expect(await countOf("shapes.area")).toBe(1);
    expect(await countOf("shapes.corners")).toBe(1);
  });

  test("is never taken for a command of the same name in another module", async () => {
    const before = await countOf("where");
    expect(await call("elsewhere")).toBe("ran here");
    expect(await countOf("where")).toBe(before);
  });

  test("can be run from the command line", async () => {
    expect(await daemon.cli(["run", "--json", "echo-values", "a", "5"])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('"a",\n'),
    });
  });
});

describe("whether to route", () => {
  test("runs here without a daemon, unless that is forbidden", async () => {
    const nobody = { ...routed, GANTRY_INSTANCE: "nobody" };
    expect((await run(file("program.mjs"), ["echo", "1"], nobody)).stdout).toBe("[1]\n");
    expect(await call("strict", [], nobody)).toMatchObject({ code: "unavailable" });
  });

  test("runs here when the daemon is there but does not answer", async () => {
    const before = await countOf("images.pid");
    process.kill(daemon.pid, "SIGSTOP");
    const { exitCode } = await run(file("program.mjs"), ["images.pid"], routed).finally(() => process.kill(daemon.pid, "SIGCONT"));
    expect(exitCode).toBe(0);
    expect(await countOf("images.pid")).toBe(before);
  });

  test("the environment beats the configuration, the configuration beats the code, and CI turns it off unless the environment asks", async () => {
    const isRouted = async (name: string, env: Env, toml?: string) => {
      const command = name === "eager" ? "eager" : "images.pid";
      await writeFile(file("gantry.toml"), toml === undefined ? "" : `[daemon]\n${toml}\n[commands]\nmodules = []\n`);
      const before = await countOf(command);
      const { exitCode } = await run(file("program.mjs"), [name], { ONLY_DAEMON: undefined, ...env });
      expect(exitCode).toBe(0);
      return (await countOf(command)) > before;
    };
    expect(await isRouted("images.pid", {})).toBe(false);
    expect(await isRouted("eager", {})).toBe(true);
    expect(await isRouted("eager", { CI: "true" })).toBe(false);
    expect(await isRouted("eager", { GANTRY_ROUTING: "false" })).toBe(false);
    expect(await isRouted("eager", {}, "routing = false")).toBe(false);
    expect(await isRouted("images.pid", {}, "routing = true")).toBe(true);
    expect(await isRouted("images.pid", { CI: "1" }, "routing = true")).toBe(false);
    expect(await isRouted("images.pid", { CI: "1", GANTRY_ROUTING: "true" })).toBe(true);
    expect(await isRouted("images.pid", { GANTRY_ROUTING: "false" }, "routing = true")).toBe(false);
    const wrong = await call("images.pid", [], { GANTRY_ROUTING: "yes" });
    expect(wrong).toMatchObject({ code: "configurationInvalid", message: expect.stringContaining("GANTRY_ROUTING") });
  });

  test("a daemon that dies after acceptance is an error, and nothing runs twice", async () => {
    const marks = file("marks");
    const caller = call("mark", [JSON.stringify(marks), "60000"]);
    await until(
      "the function to begin",
      () => readFile(marks, "utf8").catch(() => ""),
      (text) => text !== "",
    );
    await daemon.kill9();
    expect(await caller).toMatchObject({ name: "GantryError", code: "aborted", message: expect.stringContaining("not run a second time") });
    expect(await readFile(marks, "utf8")).toBe("ran\n");
    await daemon.restart();
    expect(await readFile(marks, "utf8")).toBe("ran\n");
  });
});
