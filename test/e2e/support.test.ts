/** The tests' own tools: a daemon for each test that leaves nothing behind, even after kill -9. */
import { existsSync } from "node:fs";

import { expect, test } from "vitest";

import { startTestDaemon } from "../support/daemon.ts";
import { processesOf } from "../support/processes.ts";
import { until } from "../support/until.ts";

test("a test daemon answers, runs the CLI, restarts, survives kill -9, and is gone afterwards", async () => {
  let home = "";
  {
    await using daemon = await startTestDaemon();
    home = daemon.home;
    expect(await daemon.client.instances.health()).toMatchObject({ status: "ok", pid: daemon.pid });
    expect(processesOf(home).map(({ pid }) => pid)).toContain(daemon.pid);
    const help = await daemon.cli(["--help"]);
    expect(help).toMatchObject({ exitCode: 0, signal: null });
    expect(help.stdout).toContain("Usage: gantry");

    const first = daemon.pid;
    await daemon.restart();
    expect(daemon.pid).not.toBe(first);
    await daemon.kill9();
    await daemon.restart();
    expect(await daemon.client.instances.health()).toMatchObject({ status: "ok", pid: daemon.pid });
  }
  expect(processesOf(home)).toEqual([]);
  expect(existsSync(home)).toBe(false);
});

test("a daemon that cannot start says why", async () => {
  await expect(startTestDaemon({ config: "[daemon]\nprot = 1\n" })).rejects.toThrow(/unknown key daemon\.prot/);
});

test("until resolves to the accepted state and tells the last seen one when it gives up", async () => {
  let count = 0;
  expect(
    await until(
      "three",
      () => ++count,
      (value) => value === 3,
    ),
  ).toBe(3);
  await expect(
    until(
      "a miracle",
      () => ({ state: "running" }),
      () => false,
      { timeoutMs: 30 },
    ),
  ).rejects.toThrow(/a miracle; last seen: { state: 'running' }/);
});
