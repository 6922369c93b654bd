import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { repository, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { need, tmux as tmuxProgram } from "../support/not-run.ts";
import { startTmux, type Tmux } from "../support/tmux.ts";
import { until } from "../support/until.ts";

const gantry = join(repository, "packages/cli/bin/gantry.js");

function enter(tmux: Tmux, line: string): void {
  tmux.type(line);
  tmux.keys("Enter");
}

async function startShell(daemon: TestDaemon): Promise<Tmux> {
  const tmux = startTmux(daemon.folder, ["bash", "--norc", "--noprofile"], daemon.env);
  enter(tmux, `PS1='outer> '; g() { ${process.execPath} ${gantry} "$@"; }; export -f g; clear; echo re''ady`);
  await tmux.shows("ready");
  return tmux;
}

const facts = (tmux: Tmux): string => [tmux.fact("alternate_on"), tmux.fact("cursor_flag"), tmux.fact("mouse_any_flag")].join();
const asBefore = (tmux: Tmux) =>
  until(
    "the terminal is as before",
    () => facts(tmux),
    (now) => now === "0,1,0",
  );
const fullScreen = "printf '\\033[?1049h\\033[?25l\\033[?1000h'; echo full''-screen";

test("inside a session: a warning, the inner one by the key pressed twice, and never itself", async (context) => {
  need(context, tmuxProgram);
  await using daemon = await startTestDaemon();
  const env = { PS1: "inner> ", ...daemon.env };
  await daemon.client.sessions.open({ argv: ["bash", "--norc", "--noprofile"], name: "inner", cwd: daemon.folder, env });
  await daemon.client.sessions.open({
    argv: ["bash", "--norc", "--noprofile"],
    name: "outer",
    cwd: daemon.folder,
    env: { ...env, PS1: "middle> " },
  });
  using tmux = await startShell(daemon);
  enter(tmux, "g attach outer");
  await tmux.shows("middle>");
  enter(tmux, `clear; ${process.execPath} ${gantry} attach outer`);
  await tmux.shows("attached to itself");
  enter(tmux, `clear; ${process.execPath} ${gantry} attach inner`);
  await tmux.shows("inner>");
  enter(tmux, "echo in-$((1+1))");
  await tmux.shows("in-2");
  tmux.keys("C-\\", "C-\\", "d");
  await tmux.shows("detached from inner");
  await until("only the outer one is attached", async () => (await daemon.client.sessions.get({ id: "inner" })).viewers === 0);
  expect((await daemon.client.sessions.get({ id: "outer" })).viewers).toBe(1);
  tmux.keys("C-\\", "d");
  await tmux.shows("detached from outer");
});

test("another detach key; the terminal is whole after the session is lost with its host, or ended by others", async (context) => {
  need(context, tmuxProgram);
  await using daemon = await startTestDaemon();
  const bash = { argv: ["bash", "--norc", "--noprofile"], cwd: daemon.folder, env: { PS1: "inner> " } };
  await daemon.client.sessions.open({ ...bash, name: "one" });
  using tmux = await startShell(daemon);
  enter(tmux, "g attach --detach-key ctrl-a one");
  await tmux.shows("inner>");
  enter(tmux, fullScreen);
  await until(
    "the program has the screen",
    () => facts(tmux),
    (now) => now === "1,0,1",
  );
  tmux.keys("C-a", "d");
  await tmux.shows("detached from one");
  await asBefore(tmux);
  enter(tmux, "clear; g attach one; echo status-$?");
  await until(
    "the screen is back",
    () => facts(tmux),
    (now) => now === "1,0,1",
  );
  await daemon.client.sessions.broadcast({ id: "one", message: "soon over" });
  await tmux.shows("soon over");
  await daemon.client.sessions.kill({ id: "one" });
  await tmux.shows("status-1");
  expect(tmux.screen()).toMatch(/one ended: killed/);
  await asBefore(tmux);

  await daemon.client.sessions.open({ ...bash, name: "two" });
  enter(tmux, "clear; g attach two; echo status-$?");
  await tmux.shows("inner>");
  enter(tmux, fullScreen);
  await until(
    "the program has the screen",
    () => facts(tmux),
    (now) => now === "1,0,1",
  );
  const [host] = (await daemon.client.sessions.hosts()).items;
  process.kill(host?.pid as number, "SIGKILL");
  await tmux.shows("status-69");
  await asBefore(tmux);
  enter(tmux, "clear; stty -a | grep -o ' icanon'");
  await tmux.shows(" icanon");
});

test("two terminals: control moves by a key, the other one is told once, and is as before when it was read", async (context) => {
  need(context, tmuxProgram);
  await using daemon = await startTestDaemon();
  await daemon.client.sessions.open({ argv: ["bash", "--norc", "--noprofile"], name: "both", cwd: daemon.folder, env: { PS1: "inner> " } });
  const attached = async () => (await daemon.client.sessions.get({ id: "both" })).attachments;
  using one = await startShell(daemon);
  using other = await startShell(daemon);
  enter(one, "g attach --detach-key ctrl-a both");
  await one.shows("inner>");
  enter(one, "clear; echo first-$((40+2))");
  await one.shows("first-42\ninner>");
  const before = one.screen();

  enter(other, "g attach both");
  await other.shows("first-42\ninner>");
  await one.shows("Another attachment has control: Ctrl-A then c takes it");
  // One line, over the last row of the window: nothing is pushed away.
  expect(one.screen().split("\n").slice(0, -2).join("\n").trimEnd()).toBe(before.trimEnd());
  await until("it is gone again", () => one.screen() === before, Boolean, { timeoutMs: 15_000 });
  one.type("lost");
  await one.shows("Another attachment has control");
  one.keys("C-a", "?");
  await one.shows("Ctrl-A then d detaches · c takes control");

  one.keys("C-a", "c");
  await until("the first one has control", async () => (await attached()).map(({ controller }) => controller).join() === "true,false");
  await other.shows("Another attachment has control: Ctrl-\\ then c takes it");
  enter(one, "echo second-$((40+3))");
  await one.shows("second-43\ninner>");
  await other.shows("second-43\ninner>");
  expect(one.screen()).not.toMatch(/lost|Another|detaches/);

  // Somebody who only watches has no way to it.
  one.keys("C-a", "d");
  await one.shows("detached from both");
  enter(one, "clear; g attach --read-only both");
  // What it showed before is still there until the shell has read the line.
  await until(
    "it watches",
    () => one.screen(),
    (screen) => screen.includes("second-43\ninner>") && !screen.includes("detached from both"),
  );
  one.keys("C-\\", "c");
  await one.shows("This attachment is read-only");
  expect((await attached()).map(({ controller }) => controller)).toEqual([true, false]);
  one.keys("C-\\", "d");
  other.keys("C-\\", "d");
  await one.shows("detached from both");
  await other.shows("detached from both");
});

test("over a kill -9 of the daemon: a notice while it is away, then the whole screen, with nothing typed lost to the wrong place", async (context) => {
  need(context, tmuxProgram);
  await using daemon = await startTestDaemon();
  await daemon.client.sessions.open({ argv: ["bash", "--norc", "--noprofile"], name: "long", cwd: daemon.folder, env: { PS1: "inner> " } });
  using tmux = await startShell(daemon);
  enter(tmux, "g attach long");
  await tmux.shows("inner>");
  enter(tmux, "for i in 1 2 3 4 5 6 7 8; do echo step-$i; sleep 0.5; done; echo all''-done");
  await tmux.shows("step-2");
  await daemon.kill9();
  await tmux.shows("waiting for it");
  await daemon.restart();
  await tmux.shows("all-done");
  expect(tmux.screen()).not.toContain("waiting for it");
  expect(tmux.screen().match(/step-\d/g)).toEqual([1, 2, 3, 4, 5, 6, 7, 8].map((step) => `step-${step}`));
  tmux.keys("C-\\", "d");
  await tmux.shows("detached from long");
  const pid = Number(tmux.fact("pane_pid"));
  await until("it has ended", () => readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim() === "");
});
