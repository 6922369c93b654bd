import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { repository, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { need, tmux as tmuxProgram, vim } from "../support/not-run.ts";
import { startTmux, type Tmux } from "../support/tmux.ts";
import { until } from "../support/until.ts";

const gantry = join(repository, "packages/cli/bin/gantry.js");

/** A shell in a real terminal, in which `g` is the gantry of this test. */
async function startShell(daemon: TestDaemon): Promise<Tmux> {
  const tmux = startTmux(daemon.folder, ["bash", "--norc", "--noprofile"], daemon.env);
  enter(tmux, `PS1='outer> '; g() { ${process.execPath} ${gantry} "$@"; }; clear; echo re''ady`);
  await tmux.shows("ready");
  return tmux;
}

function enter(tmux: Tmux, line: string): void {
  tmux.type(line);
  tmux.keys("Enter");
}

function detach(tmux: Tmux): void {
  tmux.keys("C-\\");
  tmux.keys("d");
}

test("open vim, type, detach: the terminal is as before; attach again over a restart: the text is there", async (context) => {
  need(context, tmuxProgram);
  need(context, vim);
  await using daemon = await startTestDaemon();
  using tmux = await startShell(daemon);
  enter(tmux, "g open --name ed -- vim -u NONE -c 'set mouse=a' note.txt");
  await until(
    "vim has the screen and the mouse",
    () => [tmux.fact("alternate_on"), tmux.fact("mouse_any_flag")].join(),
    (facts) => facts === "1,1",
  );
  tmux.type("iTyped in vim");
  await tmux.shows("Typed in vim");
  detach(tmux);
  await tmux.shows("detached from ed");
  expect([tmux.fact("alternate_on"), tmux.fact("mouse_any_flag"), tmux.fact("cursor_flag")]).toEqual(["0", "0", "1"]);
  enter(tmux, "echo still-$((40+2)); stty -a | grep -o ' icanon'");
  await tmux.shows("still-42\n icanon");
  enter(tmux, "g attach ed");
  await until(
    "vim is back",
    () => tmux.screen(),
    (screen) => screen.startsWith("Typed in vim\n~"),
  );
  await daemon.restart();
  await until(
    "it is attached again",
    () => daemon.client.sessions.get({ id: "ed" }),
    ({ viewers }) => viewers === 1,
  );
  await until(
    "vim's screen is whole, without a word of ours",
    () => tmux.screen(),
    (screen) => screen.startsWith("Typed in vim\n~") && !screen.includes("daemon"),
  );
  tmux.type(" and after the restart");
  tmux.keys("Escape");
  enter(tmux, ":wq");
  await tmux.shows("ended: exit code 0");
  expect(await readFile(join(daemon.folder, "note.txt"), "utf8")).toBe("Typed in vim and after the restart\n");
});

test("a shell: keys, Ctrl-C, size of the window, exit status", async (context) => {
  need(context, tmuxProgram);
  await using daemon = await startTestDaemon();
  using tmux = await startShell(daemon);
  enter(tmux, "g open --name sh -- env PS1='inner> ' bash --norc --noprofile");
  await tmux.shows("\ninner>");
  enter(tmux, "stty size; sleep 100");
  await tmux.shows("30 100");
  tmux.keys("C-c");
  tmux.resize(90, 25);
  await until(
    "the session has the window's size",
    () => daemon.client.sessions.get({ id: "sh" }),
    ({ cols, rows }) => cols === 90 && rows === 25,
  );
  enter(tmux, "stty size");
  await tmux.shows("25 90");
  detach(tmux);
  await tmux.shows("detached from sh");
  // On the line after the program's last one, and not over what it shows.
  expect(tmux.screen()).toMatch(/\n25 90\ninner> *\n\[detached from sh/);
  enter(tmux, "clear; g attach sh");
  await tmux.shows("25 90\ninner>");
  enter(tmux, `${process.execPath} ${gantry} attach sh`);
  await tmux.shows("This is the session itself");
  enter(tmux, "exit 9");
  await tmux.shows("sh ended: exit code 9");
  enter(tmux, "echo status-$?");
  await tmux.shows("status-9");
  expect(await daemon.client.sessions.get({ id: "sh" })).toMatchObject({ state: "exited", exitCode: 9 });
});

test("a read-only attachment shows and does not type; a killed one leaves the terminal whole", async (context) => {
  need(context, tmuxProgram);
  await using daemon = await startTestDaemon();
  await daemon.client.sessions.open({ argv: ["bash", "--norc", "--noprofile"], name: "ro", cwd: daemon.folder, env: { PS1: "inner> " } });
  using tmux = await startShell(daemon);
  enter(tmux, "g attach --read-only ro");
  await tmux.shows("inner>");
  tmux.type("not typed");
  await daemon.client.sessions.send({ id: "ro", text: "printf '\\033[?1049h\\033[?25l'; echo full screen" });
  await until(
    "the program has the alternate screen",
    () => tmux.fact("alternate_on"),
    (on) => on === "1",
  );
  expect(tmux.screen()).not.toContain("not typed");
  const pid = Number(tmux.fact("pane_pid"));
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, "utf8")).trim().split(" ").map(Number);
  process.kill(children[0] as number, "SIGTERM");
  await until(
    "the terminal is as before",
    () => [tmux.fact("alternate_on"), tmux.fact("cursor_flag")].join(),
    (facts) => facts === "0,1",
  );
  enter(tmux, "echo fine-$((2*3))");
  await tmux.shows("fine-6");
});

test("list, show, send, screen, interrupt, kill, and their exit codes", async () => {
  await using daemon = await startTestDaemon();
  const opened = await daemon.cli(["open", "--detach", "--name", "work", "--", "bash", "--norc", "--noprofile"]);
  expect(opened).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^ses_\w+\n$/) as string });
  await daemon.cli(["sessions", "send", "work", "echo", "made-$((3*5)); sleep 100"]);
  await until(
    "the screen shows it",
    async () => (await daemon.cli(["sessions", "screen", "work"])).stdout,
    (text) => text.includes("made-15"),
  );
  expect((await daemon.cli(["sessions", "interrupt", "work"])).exitCode).toBe(0);
  await daemon.cli(["sessions", "send", "work"], { stdin: "echo from-stdin\n" });
  await until(
    "the screen shows it",
    async () => (await daemon.cli(["sessions", "screen", "work"])).stdout,
    (text) => text.includes("\nfrom-stdin"),
  );
  const listed = JSON.parse((await daemon.cli(["sessions", "list", "--json"])).stdout) as {
    schemaVersion: number;
    items: { name: string }[];
  };
  expect(listed).toMatchObject({ schemaVersion: 1, items: [{ name: "work", state: "active" }] });
  expect((await daemon.cli(["sessions", "list"])).stdout).toContain("work");
  expect((await daemon.cli(["sessions", "show", "work"])).stdout).toContain("80x24");
  expect(await daemon.cli(["sessions", "kill", "work"])).toMatchObject({ exitCode: 0 });
  expect((await daemon.cli(["sessions", "list", "--all"])).stdout).toMatch(/work +exited killed/);
  expect(await daemon.cli(["attach", "nobody"])).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining("There is no session nobody") as string,
  });
  expect(await daemon.cli(["open", "--", "no-such-program"])).toMatchObject({ exitCode: 127 });
  for (const words of [["attach", "work"], ["open"]]) {
    const refused = await daemon.cli([...words, "--detach-key", "nonsense", ...(words.length === 1 ? ["--", "cat"] : [])]);
    expect(refused).toMatchObject({ exitCode: 64, signal: null, stderr: expect.stringContaining("cannot be the detach key") as string });
  }
  expect((await daemon.client.sessions.list({ live: true })).items).toEqual([]);
  expect(await daemon.cli(["open", "--", "sh", "-c", "echo said; exit 6"])).toMatchObject({
    exitCode: 6,
    stdout: expect.stringContaining("said") as string,
  });
});

test("a daemon that was started inside a session does not end with it", async () => {
  await using daemon = await startTestDaemon();
  const inner = ["--instance", "inner"];
  await daemon.cli(["open", "--detach", "--name", "outer", "--", process.execPath, gantry, "start", "--port", "0", ...inner]);
  await until(
    "the inner instance runs",
    () => daemon.cli(["status", ...inner]),
    ({ exitCode }) => exitCode === 0,
  );
  await daemon.cli(["sessions", "kill", "outer"]);
  expect(await daemon.cli(["status", ...inner])).toMatchObject({ exitCode: 0 });
  expect(await daemon.cli(["stop", ...inner])).toMatchObject({ exitCode: 0 });
});
