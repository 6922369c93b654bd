/** `gantry top` in a real terminal against a real daemon. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test } from "vitest";

import { repository, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { need, tmux } from "../support/not-run.ts";
import { startTmux } from "../support/tmux.ts";
import { until } from "../support/until.ts";

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startTestDaemon({ config: '[command.wait]\nargv = ["sleep", "600"]\n' });
});
afterAll(() => daemon[Symbol.asyncDispose]());

test("it shows what runs, cancels, attaches and comes back, opens the page, and leaves the terminal as it was", async (context) => {
  need(context, tmux);
  const bin = join(daemon.folder, "bin");
  const noted = join(daemon.folder, "noted");
  await mkdir(bin);
  await writeFile(join(bin, "xdg-open"), `#!/bin/sh\nprintf %s "$1" > '${noted}'\n`);
  await chmod(join(bin, "xdg-open"), 0o755);
  const { executionId } = await daemon.client.executions.execute({ command: "wait", wait: false });
  await daemon.client.sessions.open({ argv: ["cat"], name: "notes" });

  const env = { ...daemon.env, DISPLAY: ":99", PATH: `${bin}:${daemon.env.PATH}`, PS1: "ready> " };
  using terminal = startTmux(daemon.folder, ["bash", "--norc", "--noprofile", "-i"], env);
  await terminal.shows("ready>");
  terminal.type(`node ${repository}/packages/cli/bin/gantry.js top`);
  terminal.keys("Enter");
  await terminal.shows("1 Executions 1");
  await terminal.shows(executionId);
  expect(terminal.fact("alternate_on")).toBe("1");

  terminal.type("c");
  await terminal.shows(`Cancel wait (${executionId})?`);
  terminal.type("n");
  await terminal.shows("Nothing was cancelled.");
  terminal.type("c");
  await terminal.shows("y cancels it");
  terminal.type("y");
  await terminal.shows(`${executionId} cancelled`);
  await terminal.shows("Nothing runs or waits.");
  expect((await daemon.client.executions.get({ id: executionId })).state).toBe("cancelled");

  terminal.keys("Tab");
  await terminal.shows("› notes");
  terminal.resize(60, 14);
  await until("the smaller screen", () =>
    terminal
      .screen()
      .trimEnd()
      .split("\n")
      .every((line) => line.length <= 60),
  );
  await terminal.shows("Enter attach");
  terminal.resize(100, 30);
  terminal.keys("Enter");
  await until("the attachment", async () => (await daemon.client.sessions.get({ id: "notes" })).viewers === 1);
  terminal.type("typed while attached");
  terminal.keys("Enter");
  await terminal.shows("typed while attached");
  terminal.keys("C-\\", "d");
  await terminal.shows("2 Sessions 1");

  await daemon.stop();
  await terminal.shows("Instance default is not running.");
  await daemon.restart();
  await terminal.shows("2 Sessions 1");
  await until("the complaint to go", () => !terminal.screen().includes("not running"));

  terminal.type("d");
  await terminal.shows(`Opened ${daemon.url}/ui/ in your browser.`);
  expect(await readFile(noted, "utf8")).toMatch(/\/open-[0-9a-f]+\.html$/);
  terminal.type("q");
  await until("the shell's own screen", () => terminal.fact("alternate_on") === "0");
  // What is typed before the shell reads again is read by whoever is just leaving.
  await until("the shell to have the terminal again", () => terminal.fact("pane_current_command") === "bash");
  await until("its prompt", () => terminal.screen().trimEnd().endsWith("ready>"));
  terminal.type("echo sa'ne'");
  terminal.keys("Enter");
  await terminal.shows("\nsane");
});

test("without a terminal it says what to use instead", async () => {
  const { stderr, exitCode } = await daemon.cli(["top"]);
  expect(exitCode).toBe(64);
  expect(stderr).toContain("gantry status --json");
});
