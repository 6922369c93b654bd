/** The service of an instance: its file, what is said where no service manager answers, and the notice that the daemon is ready. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { expect, test } from "vitest";

import { runCli } from "../support/cli.ts";
import { environment, startTestDaemon } from "../support/daemon.ts";
import { need, python3, systemdNotify } from "../support/not-run.ts";

test("install writes the unit of the instance, status tells of it, and uninstall removes it", async (context) => {
  if (process.platform !== "linux") context.skip("not run: services of systemd exist on Linux only");
  const root = await realpath(await mkdtemp(join(tmpdir(), "gantry-service-")));
  const home = { cwd: root, env: { GANTRY_HOME: join(root, "h"), XDG_CONFIG_HOME: join(root, "config") } };
  try {
    expect(await runCli(["service", "status"], home)).toMatchObject({
      exitCode: 3,
      stdout: expect.stringContaining("gantry service install"),
    });
    const installed = await runCli(["service", "install", "--no-enable", "--instance", "second"], home);
    const unit = join(root, "config/systemd/user/gantry-second.service");
    expect(installed).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining("systemctl --user enable --now gantry-second.service"),
    });
    const text = await readFile(unit, "utf8");
    expect(text).toContain(`Environment="GANTRY_HOME=${join(root, "h")}"`);
    expect(await runCli(["service", "install", "--print", "--instance", "second"], home)).toMatchObject({ exitCode: 0, stdout: text });
    const status = await runCli(["service", "status", "--json", "--instance", "second"], home);
    expect(JSON.parse(status.stdout)).toMatchObject({ kind: "systemd", installed: true, file: unit });

    await runCli(["start", "--port", "0"], home);
    expect(await runCli(["service", "install"], home)).toMatchObject({
      exitCode: 64,
      stderr: expect.stringContaining("first: gantry stop"),
    });
    await runCli(["stop", "--sessions"], home);

    expect(await runCli(["service", "uninstall", "--instance", "second"], home)).toMatchObject({ exitCode: 0 });
    expect(existsSync(unit)).toBe(false);
  } finally {
    await rm(root, { recursive: true });
  }
});

test("a daemon of a service tells that it is ready, and its commands cannot speak in its name", async (context) => {
  const python = need(context, python3);
  need(context, systemdNotify);
  const folder = await realpath(await mkdtemp(join(tmpdir(), "gantry-notify-")));
  const socket = join(folder, "notify");
  const listener = spawn(python, [
    "-uc",
    "import socket, sys\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\ns.bind(sys.argv[1])\nprint('listening')\nprint(s.recv(4096).decode().replace('\\n', ' '))",
    socket,
  ]);
  const exited = once(listener, "exit");
  try {
    const lines = createInterface({ input: listener.stdout })[Symbol.asyncIterator]();
    expect((await lines.next()).value).toBe("listening");
    await using daemon = await startTestDaemon({
      env: { NOTIFY_SOCKET: socket },
      config: '[command.environment]\nargv = ["env"]\n',
    });
    const said = (await lines.next()).value as string;
    expect(said).toContain("READY=1");
    expect(said).toContain(`MAINPID=${daemon.pid}`);
    const { output } = await daemon.client.executions.execute({ command: "environment" });
    expect(output).toContain("GANTRY_EXECUTION_ID=");
    expect(output).not.toContain("NOTIFY_SOCKET");
  } finally {
    listener.kill();
    await exited;
    await rm(folder, { recursive: true });
  }
});

const pretendedSystemd = async (folder: string, script: string) => {
  await mkdir(join(folder, "bin"), { recursive: true });
  await mkdir(join(folder, "run/systemd"), { recursive: true });
  // Its socket is how the user's systemd is reached; that it is there is all that is looked at before systemd-run is asked.
  await writeFile(join(folder, "run/systemd/private"), "");
  await writeFile(join(folder, "bin/systemd-run"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const { PATH } = environment(folder);
  return { PATH: `${join(folder, "bin")}:${PATH}`, XDG_RUNTIME_DIR: join(folder, "run"), INVOCATION_ID: "0123456789abcdef" };
};

test("as a service, the process host is started in a scope of its own, and sessions outlive the daemon", async (context) => {
  if (process.platform !== "linux") context.skip("not run: scopes of systemd exist on Linux only");
  const folder = await realpath(await mkdtemp(join(tmpdir(), "gantry-scope-")));
  try {
    const record = `printf '%s\\n' "$@" > ${folder}/arguments\necho $$ > ${folder}/pid\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"`;
    await using daemon = await startTestDaemon({ env: await pretendedSystemd(folder, record) });
    const session = await daemon.client.sessions.open({ argv: ["cat"] });
    const words = (await readFile(join(folder, "arguments"), "utf8")).trim().split("\n");
    expect(words.slice(0, 4)).toEqual(["--user", "--scope", "--collect", "--quiet"]);
    expect(words.slice(words.indexOf("--") + 1)).toEqual([
      process.execPath,
      expect.stringMatching(/host/),
      expect.any(String),
      expect.any(String),
      expect.any(String),
    ]);
    const { items } = await daemon.client.sessions.hosts();
    expect(items.map(({ pid }) => String(pid))).toEqual([(await readFile(join(folder, "pid"), "utf8")).trim()]);

    // As KillMode=process does it: only the daemon.
    await daemon.kill9();
    await daemon.restart();
    expect(await daemon.client.sessions.get({ id: session.sessionId })).toMatchObject({ state: session.state, pid: session.pid });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a systemd that refuses costs nothing but a line in the log", async (context) => {
  if (process.platform !== "linux") context.skip("not run: scopes of systemd exist on Linux only");
  const folder = await realpath(await mkdtemp(join(tmpdir(), "gantry-scope-")));
  try {
    const env = await pretendedSystemd(folder, "echo Failed to connect to bus >&2; exit 1");
    await using daemon = await startTestDaemon({ env });
    expect(await daemon.client.sessions.open({ argv: ["cat"] })).toMatchObject({ sessionId: expect.any(String) });
    expect(await daemon.log()).toContain("systemd gave the process host no scope of its own");
  } finally {
    await rm(folder, { recursive: true });
  }
});
