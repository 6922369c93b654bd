import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { GantryError } from "@gantry/contract";
import { afterEach, beforeEach, expect, test } from "vitest";

import { type ConfigSources, loadConfig } from "./config.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gantry-config-"));
  await mkdir(join(folder, "project/deep"), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));

const sources = (more: Partial<ConfigSources> = {}): ConfigSources => ({
  flags: {},
  env: {},
  workingDirectory: join(folder, "project/deep"),
  userConfigFile: join(folder, "user.toml"),
  ...more,
});

function failure(more: Partial<ConfigSources> = {}): GantryError {
  try {
    loadConfig(sources(more));
  } catch (error) {
    return error as GantryError;
  }
  throw new Error("loading succeeded");
}

test("flags beat environment beats project beats user beats default, and each origin is known", async () => {
  await writeFile(join(folder, "user.toml"), "[daemon]\nport = 1\nlogLevel = 'warn'\ndrainTimeoutMs = 5\n[sessions]\nmax = 3");
  await writeFile(join(folder, "project/gantry.toml"), "[daemon]\nport = 2\ndrainTimeoutMs = 6");
  const loaded = loadConfig(
    sources({ env: { GANTRY_DAEMON_PORT: "3", GANTRY_DAEMON_DRAIN_TIMEOUT_MS: "7" }, flags: { "daemon.port": 4 } }),
  );
  expect(loaded.config.daemon).toMatchObject({ host: "127.0.0.1", port: 4, routing: false, logLevel: "warn", drainTimeoutMs: 7 });
  expect(loaded.baseDirectory).toBe(join(folder, "project"));
  const origin = (key: string) => loaded.values.find((value) => value.key === key)?.origin;
  expect(origin("daemon.port")).toBe("--port");
  expect(origin("daemon.drainTimeoutMs")).toBe("GANTRY_DAEMON_DRAIN_TIMEOUT_MS");
  expect(origin("daemon.logLevel")).toBe(join(folder, "user.toml"));
  expect(origin("sessions.scrollbackLines")).toBe("default");
});

test("an unknown key names the file and what was probably meant", async () => {
  const file = join(folder, "project/gantry.toml");
  await writeFile(file, "[daemon]\nprot = 2");
  expect(failure().message).toBe(`${file}:2: unknown key daemon.prot. Did you mean port?`);
  expect(failure().exitCode).toBe(78);
});

test("a syntax error names file, line, and column", async () => {
  const file = join(folder, "project/gantry.toml");
  await writeFile(file, "[daemon]\nport = = 2");
  expect(failure().message).toContain(`${file}:2:8:`);
});

test("a wrong value is shown with what is allowed", () => {
  expect(failure({ env: { GANTRY_DAEMON_PORT: "70000" } }).message).toBe(
    "GANTRY_DAEMON_PORT: daemon.port is 70000: Too big: expected number to be <=65535.",
  );
  expect(failure({ flags: { "daemon.host": "0.0.0.0" } }).message).toContain("--host: daemon.host");
});

test("a project's command replaces the user's command of the same name whole", async () => {
  await writeFile(join(folder, "user.toml"), "[command.build]\nargv = ['make']\ncwd = '/user'");
  await writeFile(join(folder, "project/gantry.toml"), "[command.build]\nargv = ['ninja']");
  expect(loadConfig(sources()).config.command.build).toMatchObject({ argv: ["ninja"] });
  expect(loadConfig(sources()).config.command.build?.cwd).toBeUndefined();
});

test("a table inside a table is reached from the environment, and its unknown keys get a suggestion", async () => {
  const { config, values } = loadConfig(sources({ env: { GANTRY_COMMANDS_HISTORY_MAX_COUNT: "5" } }));
  expect(config.commands.history).toMatchObject({ maxCount: 5, maxAgeDays: 30 });
  expect(values).toContainEqual({ key: "commands.history.maxCount", value: 5, origin: "GANTRY_COMMANDS_HISTORY_MAX_COUNT" });
  await writeFile(join(folder, "project/gantry.toml"), "[commands]\nhistory = { maxCounts = 5 }");
  expect(failure().message).toMatch(/unknown key commands\.history\.maxCounts.*Did you mean maxCount\?/);
});
