/** Instances that start when they are needed and end when they are not, all of them restarted at once, and a log of bounded size. */
import { mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { isAlive } from "@gantry/client/node";
import type { InstanceRecord } from "@gantry/contract";
import { afterEach, beforeEach, expect, test } from "vitest";

import { runCli } from "../support/cli.ts";
import { repository } from "../support/daemon.ts";
import { until } from "../support/until.ts";

let root: string;
let home: { cwd: string; env: Record<string, string> };

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "gantry-auto-")));
  home = { cwd: root, env: { GANTRY_HOME: join(root, "h") } };
});
afterEach(async () => {
  for (const instance of ["default", "second"]) await runCli(["stop", "--sessions", "--instance", instance], home);
  await rm(root, { recursive: true });
});

const readRecord = async (instance = "default") =>
  JSON.parse(await readFile(join(root, "h/run", instance, "instance.json"), "utf8")) as InstanceRecord;

test("with autoStart, several commands at once start one daemon; it ends when nobody needs it", async () => {
  const modules = `[commands]\nmodules = ["${repository}/examples/commands/greet.ts"]\n`;
  const daemon = "[daemon]\nport = 0\nautoStart = true\nidleExitMs = 1500\n";
  await writeFile(join(root, "gantry.toml"), daemon + modules);
  const results = await Promise.all(
    ["Ada", "Bob", "Eve"].map((name) => runCli(["run", "greet", "--name", name], { ...home, timeoutMs: 60_000 })),
  );
  expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
  expect(results.map(({ stdout }) => stdout).join("")).toMatch(/Ada.*Bob.*Eve/s);
  expect(results.filter(({ stderr }) => stderr.includes("Started instance default"))).toHaveLength(1);
  const record = await readRecord();
  await until("the idle daemon to end", () => !isAlive(record), Boolean, { timeoutMs: 30_000 });
  // Those that only look, or that end it, start nothing.
  expect(await runCli(["status"], home)).toMatchObject({ exitCode: 3 });
  expect(await runCli(["stop"], home)).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("not running") });
});

test("without autoStart nothing is started, and the message names the command that does", async () => {
  expect(await runCli(["ps"], home)).toMatchObject({ exitCode: 69, stderr: expect.stringContaining("gantry start") });
  const off = { ...home, env: { ...home.env, GANTRY_DAEMON_AUTO_START: "false" } };
  await writeFile(join(root, "gantry.toml"), "[daemon]\nautoStart = true\n");
  expect(await runCli(["ps"], off)).toMatchObject({ exitCode: 69 });
});

test("an instance that was started by name stays, and restart --all restarts every one that runs in the background", async () => {
  const env = { ...home, env: { ...home.env, GANTRY_DAEMON_IDLE_EXIT_MS: "50" } };
  for (const instance of ["default", "second"]) await runCli(["start", "--port", "0", "--instance", instance], env);
  const before = await Promise.all([readRecord(), readRecord("second")]);
  const restarted = await runCli(["restart", "--all", "--json"], { ...env, timeoutMs: 60_000 });
  expect(JSON.parse(restarted.stdout)).toMatchObject({ items: [{ instance: "default" }, { instance: "second" }] });
  const after = await Promise.all([readRecord(), readRecord("second")]);
  expect(before.map(isAlive)).toEqual([false, false]);
  expect(after.map(isAlive)).toEqual([true, true]);
});

test("a log that grew too large is put aside, and logs --since leaves out what is older", async () => {
  const small = { ...home, env: { ...home.env, GANTRY_DAEMON_LOG_MAX_BYTES: "65536" } };
  await runCli(["start", "--port", "0"], small);
  const log = join(root, "h/state/default/logs/daemon.log");
  const old = (text: string) => JSON.stringify({ level: "info", time: "2020-01-01T00:00:00.000Z", msg: text });
  await writeFile(log, `${old("from long ago")}\n`, { flag: "a" });
  const all = await runCli(["logs"], home);
  expect(all.stdout).toContain("from long ago");
  const recent = await runCli(["logs", "--since", "1h"], home);
  expect(recent.stdout).toContain("ready");
  expect(recent.stdout).not.toContain("from long ago");
  expect(await runCli(["logs", "--since", "soon"], home)).toMatchObject({ exitCode: 64, stderr: expect.stringContaining("1500ms, 30s") });

  await writeFile(log, `${old("x".repeat(70_000))}\n`, { flag: "a" });
  await until(
    "the log to be put aside",
    () => readFile(`${log}.1`, "utf8"),
    (text) => text.includes("from long ago"),
    { timeoutMs: 20_000 },
  );
  await runCli(["stop"], home);
  expect(await readFile(log, "utf8")).toContain("stopping");
});
