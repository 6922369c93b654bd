/** `gantry diagnose` and `gantry list`: every finding is made for real, seen, and where that is promised mended. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readFile, realpath, rename, rm, stat, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { createProvider } from "@gantry/client/provider";
import { isAlive } from "@gantry/client/node";
import type { Diagnosis, InstanceRecord } from "@gantry/contract";
import { afterEach, beforeEach, expect, test } from "vitest";

import { runCli } from "../support/cli.ts";
import { collect, environment, repository } from "../support/daemon.ts";
import { need, smallDisks } from "../support/not-run.ts";
import { until } from "../support/until.ts";

let root: string;
let home: { cwd: string; env: Record<string, string> };

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "gantry-diagnose-")));
  home = { cwd: root, env: { GANTRY_HOME: join(root, "h") } };
});
afterEach(async () => {
  await runCli(["stop", "--sessions"], home);
  await rm(root, { recursive: true });
});

const file = (name: string) => join(root, "h", name);
const recordFile = () => file("run/default/instance.json");
const readRecord = async () => JSON.parse(await readFile(recordFile(), "utf8")) as InstanceRecord;

async function start(...flags: string[]): Promise<InstanceRecord> {
  expect(await runCli(["start", "--port", "0", ...flags], home)).toMatchObject({ exitCode: 0 });
  return readRecord();
}

async function diagnose(...flags: string[]) {
  const { stdout, exitCode, stderr } = await runCli(["diagnose", "--json", ...flags], home);
  expect(stderr).toBe("");
  const diagnosis = JSON.parse(stdout) as Diagnosis;
  expect(exitCode).toBe(diagnosis.clean ? 0 : 1);
  return {
    ...diagnosis,
    /** The only finding of this check. */
    only: (check: string) => {
      const found = diagnosis.findings.filter((finding) => finding.check === check);
      expect(found.map(({ cause }) => cause)).toHaveLength(1);
      return found[0] as Diagnosis["findings"][number];
    },
  };
}

test("nothing is found where nothing is wrong, running or not, and the daemon says the same over HTTP", async () => {
  expect(await diagnose()).toMatchObject({ clean: true, findings: [] });
  const record = await start();
  expect(await diagnose()).toMatchObject({ clean: true, findings: [] });
  const key = (await readFile(file("state/default/bootstrap.key"), "utf8")).trim();
  const get = async (path: string) => (await fetch(record.url + path, { headers: { authorization: `Bearer ${key}` } })).json();
  expect(await get("/diagnostics")).toMatchObject({ clean: true, findings: [] });
  expect(await get("/instances")).toMatchObject({ items: [{ instance: "default", state: "running", pid: record.pid }] });
});

test("a daemon that was killed leaves a record and a socket, which are told and mended", async () => {
  const { pid } = await start();
  process.kill(pid, "SIGKILL");
  await until("the daemon to be gone", () => readRecord().then((record) => !isAlive(record)));
  const found = await diagnose();
  expect(found.only("record")).toMatchObject({ severity: "warning", cause: expect.stringContaining(`process ${pid}`), fixable: true });
  expect(found.only("socket")).toMatchObject({ severity: "warning", fixable: true });
  expect(await diagnose("--fix")).toMatchObject({ clean: true });
  expect(await diagnose()).toMatchObject({ clean: true, findings: [] });
  await expect(stat(recordFile())).rejects.toThrow("ENOENT");
});

test("a pid that a stranger has now is named with the stranger's command, and an unreadable record with its file", async () => {
  const record = await start();
  await runCli(["stop"], home);
  const stranger = spawn("sleep", ["60"]);
  await writeFile(recordFile(), JSON.stringify({ ...record, pid: stranger.pid }));
  expect((await diagnose()).only("record").cause).toContain("(sleep 60)");
  await writeFile(recordFile(), "{");
  expect((await diagnose()).only("record")).toMatchObject({ severity: "error", cause: expect.stringContaining(recordFile()) });
  expect(await diagnose("--fix")).toMatchObject({ clean: true });
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  stranger.kill();
  await once(stranger, "exit");
});

test("a daemon that hangs, one without a record, and one of another version are told apart", async () => {
  const record = await start();
  process.kill(record.pid, "SIGSTOP");
  expect((await diagnose()).only("unresponsive")).toMatchObject({ severity: "error", remedy: expect.stringContaining("gantry stop") });
  process.kill(record.pid, "SIGCONT");

  await writeFile(recordFile(), JSON.stringify({ ...record, version: "0.0.1", protocol: { min: 1, max: 1 } }));
  expect((await diagnose()).only("version")).toMatchObject({ severity: "warning", remedy: expect.stringContaining("gantry restart") });
  await writeFile(recordFile(), JSON.stringify({ ...record, version: "9.0.0", protocol: { min: 7, max: 9 } }));
  expect((await diagnose()).only("version")).toMatchObject({ severity: "error", consequence: expect.stringContaining("stop, status") });

  await rm(recordFile());
  const found = await diagnose();
  expect(found.only("orphan")).toMatchObject({ severity: "error", remedy: expect.stringContaining(`kill ${record.pid}`) });
  await writeFile(recordFile(), JSON.stringify(record));
});

test("a wrong configuration and one that changed since the start are told", async () => {
  await writeFile(join(root, "gantry.toml"), "[sessions]\nmax = 7\n[daemon]\nport = 0\n");
  expect(await runCli(["start"], home)).toMatchObject({ exitCode: 0 });
  expect(await diagnose()).toMatchObject({ clean: true });
  await writeFile(join(root, "gantry.toml"), "[sessions]\nmax = 8\n[daemon]\nport = 0\n");
  expect((await diagnose()).only("configuration")).toMatchObject({ severity: "warning", remedy: "gantry config reload" });
  await writeFile(join(root, "gantry.toml"), '[sessions]\nmax = 8\n[daemon]\nport = 0\nhost = "localhost"\n');
  expect(await runCli(["config", "reload"], home)).toMatchObject({ exitCode: 0 });
  expect((await diagnose()).only("configuration")).toMatchObject({
    severity: "warning",
    cause: expect.stringContaining("daemon.host in "),
    remedy: "gantry restart",
  });
  await writeFile(join(root, "gantry.toml"), "[sessions]\nmaxx = 8\n");
  expect((await diagnose()).only("configuration")).toMatchObject({
    severity: "error",
    cause: expect.stringContaining("Did you mean max?"),
  });
});

test("a port is told to be ours, a stranger's, or free, and two instances that want one port are told before they meet", async () => {
  const stranger = createServer((_request, response) => response.end('{"status":"healthy"}')).listen(0, "127.0.0.1");
  await once(stranger, "listening");
  const { port } = stranger.address() as AddressInfo;
  expect((await diagnose("--port", String(port))).only("port")).toMatchObject({
    severity: "warning",
    cause: expect.stringMatching(new RegExp(`^Process ${process.pid} .*healthy`)),
    remedy: expect.stringContaining(`gantry adopt --name <name> --port ${port}`),
  });
  await writeFile(join(root, "gantry.toml"), `[daemon]\nport = ${port}\n`);
  expect((await diagnose()).only("port").cause).toContain("not Gantry's");
  stranger.close();
  await once(stranger, "close");
  expect(await diagnose("--port", String(port))).toMatchObject({
    clean: true,
    findings: [{ severity: "note", cause: expect.stringContaining("Nothing listens") }],
  });

  expect(await runCli(["start"], home)).toMatchObject({ exitCode: 0 });
  expect((await diagnose("--port", String(port))).only("port")).toMatchObject({
    severity: "note",
    cause: expect.stringContaining("instance default (daemon style"),
  });
  expect((await diagnose("--instance", "second")).only("port").cause).toContain("two instances are configured for one port");
  expect(await runCli(["diagnose", "--port", "70000"], home)).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining("1 to 65535"),
  });
});

test("files that others can use, a damaged database, and a clock that went back are told", async () => {
  await start();
  await runCli(["stop"], home);
  await chmod(file("state/default/bootstrap.key"), 0o644);
  expect((await diagnose()).only("permissions")).toMatchObject({ severity: "error", cause: expect.stringContaining("bootstrap.key") });
  expect(await diagnose("--fix")).toMatchObject({ clean: true });
  expect((await stat(file("state/default/bootstrap.key"))).mode & 0o777).toBe(0o600);

  const database = file("state/default/gantry.db");
  const future = new Date(Date.now() + 86_400_000);
  await utimes(database, future, future);
  expect((await diagnose()).only("clock")).toMatchObject({
    severity: "warning",
    cause: expect.stringContaining(future.toISOString().slice(0, 19)),
  });
  await utimes(database, new Date(), new Date());

  await truncate(database, 8192 * 2 + 100);
  expect((await diagnose()).only("database")).toMatchObject({ severity: "error", cause: expect.stringContaining(database) });
  expect(await runCli(["start", "--port", "0"], home)).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining("It was set aside as"),
  });
});

test("a disk that is nearly full is told", async (context) => {
  const mount = need(context, smallDisks);
  await start();
  await runCli(["stop"], home);
  const mounted = spawnSync(mount, ["-t", "tmpfs", "-o", "size=32m", "tmpfs", file("state")]);
  expect(mounted.status).toBe(0);
  try {
    await mkdir(file("state/default"), { mode: 0o700 });
    expect((await diagnose()).only("disk")).toMatchObject({ severity: "error", cause: expect.stringMatching(/Only \d+ MiB are free/) });
  } finally {
    spawnSync("umount", [file("state")]);
  }
});

test("two instances on one state folder are told", async () => {
  await start();
  await runCli(["stop"], home);
  await symlink(file("state/default"), file("state/second"));
  expect((await diagnose()).only("state-folder")).toMatchObject({
    severity: "error",
    cause: expect.stringContaining("default and second"),
  });
});

test("few descriptors and a provider in trouble are told", async () => {
  const limited = spawn(
    "sh",
    ["-c", 'ulimit -n 512; exec "$@"', "sh", process.execPath, join(repository, "packages/cli/bin/gantry.js"), "start", "--port", "0"],
    {
      cwd: root,
      env: environment(file("")),
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  expect(await collect(limited)).toMatchObject({ exitCode: 0 });
  expect((await diagnose()).only("descriptors")).toMatchObject({ severity: "warning", cause: expect.stringContaining("of the 512") });

  const { url } = await readRecord();
  const key = (await readFile(file("state/default/bootstrap.key"), "utf8")).trim();
  const provider = createProvider({ name: "ill", methods: {} });
  await provider.connect({ url, key, handleSignals: false, onState: () => undefined });
  provider.setStatus({ state: "degraded", detail: "no quota" });
  const found = await until(
    "the provider to be degraded",
    () => diagnose(),
    ({ findings }) => findings.some(({ check }) => check === "providers"),
  );
  expect(found.only("providers")).toMatchObject({ severity: "warning", cause: "Provider ill is degraded." });
  await provider.close();
});

test("a configured profile whose program is not there is told, and a command module that cannot be loaded", async () => {
  const config = '[daemon]\nport = 0\n[commands]\nmodules = ["./*.ts"]\n[profile.helper]\nbinary = "no-such-program"\n';
  await writeFile(join(root, "gantry.toml"), config);
  await writeFile(join(root, "broken.ts"), 'import "no-such-package";\n');
  expect(await runCli(["start"], home)).toMatchObject({ exitCode: 0 });
  const found = await diagnose();
  expect(found.only("command-modules")).toMatchObject({
    severity: "warning",
    cause: expect.stringMatching(/broken\.ts was left out: .*no-such-package/),
  });
  expect(found.only("profiles")).toMatchObject({ severity: "warning", cause: expect.stringContaining("no-such-program") });
});

test("sessions that a stopped instance has left running are told, and programs whose process host is gone", async () => {
  await start();
  const opened = await runCli(["open", "--detach", "--name", "kept", "--", "sh", "-c", "trap '' HUP; sleep 1000"], home);
  expect(opened).toMatchObject({ exitCode: 0 });
  await runCli(["stop"], home);
  const kept = await diagnose();
  expect(kept).toMatchObject({ clean: true });
  expect(kept.only("process-host")).toMatchObject({ severity: "note", cause: expect.stringContaining("keeps 1 of its programs running") });
  const [, pid] = /process (\d+)\)/.exec(kept.only("process-host").cause) as unknown as [string, string];
  process.kill(Number(pid), "SIGKILL");
  const lost = await until(
    "the host to be gone",
    () => diagnose(),
    ({ clean }) => !clean,
  );
  expect(lost.only("process-host")).toMatchObject({ severity: "warning", cause: expect.stringMatching(/belongs to ses_/) });
  await start();
  expect(
    await until(
      "what is left to be ended",
      () => diagnose(),
      ({ clean }) => clean,
    ),
  ).toMatchObject({ findings: [] });
});

test("an instance in the background that is installed as a service too is told", async (context) => {
  if (process.platform !== "linux") context.skip("not run: services of systemd exist on Linux only");
  await start();
  const unit = file(".config/systemd/user/gantry-default.service");
  await mkdir(dirname(unit), { recursive: true });
  await writeFile(unit, "[Unit]\n");
  expect((await diagnose()).only("style")).toMatchObject({
    severity: "warning",
    remedy: expect.stringContaining("gantry service uninstall"),
  });
});

test("pid files of an older server manager are recognised and left alone", async () => {
  const stranger = spawn("sleep", ["60"]);
  const pidFile = file(".claude-mpm/socketio-server.pid");
  await mkdir(dirname(pidFile), { recursive: true });
  for (const text of [`${stranger.pid}\n`, JSON.stringify({ pid: stranger.pid, port: 8765 })]) {
    await writeFile(pidFile, text);
    expect(await diagnose("--fix")).toMatchObject({
      clean: true,
      findings: [{ check: "foreign-server", severity: "note", cause: expect.stringContaining("(sleep 60)") }],
    });
  }
  expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
  stranger.kill();
  await once(stranger, "exit");
});

test("list shows every instance of the user, running or not, with the mark of its style", async () => {
  expect(await runCli(["list"], home)).toMatchObject({ exitCode: 0, stdout: "", stderr: expect.stringContaining("gantry start") });
  const record = await start();
  expect(await runCli(["start", "--port", "0", "--instance", "second"], home)).toMatchObject({ exitCode: 0 });
  expect(await runCli(["stop", "--instance", "second"], home)).toMatchObject({ exitCode: 0 });
  await rename(file("state/second"), file("state/Not an instance"));
  await mkdir(file("state/third"));
  const { stdout } = await runCli(["list"], home);
  expect(stdout).toMatch(new RegExp(`● default +running +daemon +${record.pid} `));
  expect(stdout).toMatch(/ {2}third +stopped/);
  expect(stdout).not.toContain("Not an instance");
  expect(JSON.parse((await runCli(["list", "--running", "--json"], home)).stdout)).toMatchObject({ items: [{ instance: "default" }] });
});
