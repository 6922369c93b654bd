import { readdirSync, readFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

import type { ProviderDetail, SupervisedInstance } from "@gantry/contract";
import { describe, expect, test, vi } from "vitest";

import { repository, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { need, pythonSocketIo } from "../support/not-run.ts";
import { until } from "../support/until.ts";

// Each test starts many programs and ends stubborn ones with the patience that they get in earnest.
vi.setConfig({ testTimeout: 120_000 });

const calculator = join(repository, "examples/calculator-ts/provider.ts");

/** A tree that holds on: the leader ignores TERM and the end of its input, and has a grandchild in a session of its own. */
const stubborn = `
import { spawn } from "node:child_process";
process.on("SIGTERM", () => {});
spawn(process.execPath, ["-e", "process.on('SIGTERM',()=>{});setInterval(()=>{},1000)"], { detached: true, stdio: "ignore" });
process.stdin.on("end", () => {}).resume();
console.error("stubborn is up");
await import(${JSON.stringify(calculator)});
`;

function config(more = ""): string {
  return `
[provider.calculator]
type = "process"
command = "node"
args = [${JSON.stringify(calculator)}]
instances = 2
${more}
`;
}

const oneOf = (detail: ProviderDetail, instance = "1") =>
  detail.supervision?.find((candidate) => candidate.instance === instance) as SupervisedInstance;
const get = (daemon: TestDaemon, name = "calculator") => daemon.client.providers.get({ name });
const ready = (daemon: TestDaemon, instances = 2) =>
  until(
    "the instances to be up",
    () => get(daemon),
    (detail) => detail.instances.filter(({ state }) => state === "ready").length === instances,
  );

function environmentOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").filter(Boolean);
}

/** Everything alive that carries a provider's mark: also what left its session and lost its parent. */
function marked(ids: Set<string>): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const isZombie = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.startsWith("Z");
        return !isZombie && environmentOf(pid).some((variable) => ids.has(variable));
      } catch {
        return false;
      }
    });
}
const markOf = (pid: number) => environmentOf(pid).find((variable) => variable.startsWith("GANTRY_PROVIDER_RUN=")) as string;

describe("a program that Gantry runs as a provider", () => {
  test("is started, serves, is started again after a crash, drained, and restarted", async () => {
    await using daemon = await startTestDaemon({
      configFile: join(repository, "examples/providers/gantry.toml"),
      env: { CANARY_OF_DAEMON: "not-for-children" },
    });
    const up = await ready(daemon);
    expect(up).toMatchObject({ type: "process", state: "ready" });
    const { stdout } = await daemon.cli(["providers", "invoke", "calculator", "add", "--args", '{"a":5,"b":3}']);
    expect(stdout).toBe("8\n");

    const first = oneOf(up);
    const pid = first.pid as number;
    const environment = environmentOf(pid).join("\n");
    expect(environment).toMatch(/^GANTRY_KEY_FILE=/m);
    expect(environment).not.toMatch(/gantry_[0-9A-Z]{26}_/);
    expect(environment).not.toContain("CANARY");
    expect(readFileSync(`/proc/${pid}/cmdline`, "latin1")).not.toMatch(/gantry_[0-9A-Z]{26}_/);

    process.kill(pid, "SIGKILL");
    const again = await until(
      "the crashed one to be back",
      () => get(daemon),
      (detail) => oneOf(detail).state === "running" && oneOf(detail).restarts === 1,
    );
    expect(oneOf(again)).toMatchObject({ lastEnd: "it was ended by SIGKILL" });
    expect(oneOf(again).pid).not.toBe(pid);
    expect(oneOf(again, "2")).toMatchObject({ state: "running", restarts: 0 });

    const drained = await daemon.cli(["providers", "drain", "calculator", "--only", "2"]);
    expect(drained).toMatchObject({ exitCode: 0, stdout: "" });
    await until(
      "the drained one to stop",
      () => get(daemon),
      (detail) => oneOf(detail, "2").state === "stopped",
    );
    expect((await ready(daemon, 1)).instances).toHaveLength(1);

    const restarted = await daemon.cli(["providers", "restart", "calculator", "--json"]);
    expect(restarted.exitCode).toBe(0);
    const { instances } = JSON.parse(restarted.stdout) as { instances: SupervisedInstance[] };
    expect(instances.map(({ state }) => state)).toEqual(["running", "running"]);
    const status = await daemon.cli(["providers", "status", "calculator"]);
    expect(status.stdout).toMatch(/RUN BY GANTRY +STATE +PID/);

    const keys = await daemon.client.access.listKeys({});
    expect(keys.items).toHaveLength(1);
    await daemon.stop();
    expect(await readdir(join(daemon.paths.runDirectory, "providers"))).toEqual([]);
    await daemon.restart();
  });

  test("that cannot stay up is tried again, and its status says why and when", async () => {
    const script = "console.error('no database'); process.exit(3)";
    await using daemon = await startTestDaemon({
      config: `[provider.broken]\ntype = "process"\ncommand = "node"\nargs = ["-e", ${JSON.stringify(script)}]
[provider.absent]\ntype = "process"\ncommand = "./not-there"\nautoRestart = false
[provider.later]\ntype = "process"\ncommand = "node"\nargs = [${JSON.stringify(calculator)}]\nautoStart = false\nenv = { CALCULATOR_NAME = "later" }
[provider.remote]\ntype = "socket"\ndescription = "dials in from elsewhere"\n`,
    });
    const broken = await until(
      "the first end",
      () => get(daemon, "broken"),
      (detail) => oneOf(detail).state === "waiting",
    );
    expect(oneOf(broken)).toMatchObject({
      lastEnd: "it exited with code 3 before it registered the provider broken",
      stderr: ["no database"],
    });
    expect(Date.parse(oneOf(broken).nextRetryAt as string)).toBeGreaterThan(Date.parse(oneOf(broken).startedAt as string));
    await until(
      "another try",
      () => get(daemon, "broken"),
      (detail) => oneOf(detail).restarts > 0,
    );
    const status = await daemon.cli(["providers", "status", "broken"]);
    expect(status.stdout).toContain("no database");
    const listed = await daemon.cli(["providers", "list"]);
    expect(listed.stdout).toMatch(/broken +service +process +offline +1 (?:waiting \((?:in \d+ s|now)\)|starting)/);
    expect(await daemon.client.providers.health({ name: "broken" })).toMatchObject({
      status: "offline",
      instances: [{ instance: "1", status: "offline", detail: expect.stringContaining("it exited with code 3") }],
    });
    const invoked = await daemon.cli(["providers", "invoke", "broken", "add"]);
    expect(invoked).toMatchObject({ exitCode: 69, stdout: "" });
    expect(invoked.stderr).toMatch(/configured but not up: it (exited with code 3|is starting)/);

    const absent = await until(
      "the end",
      () => get(daemon, "absent"),
      (detail) => oneOf(detail).state === "stopped",
    );
    expect(oneOf(absent).lastEnd).toMatch(/cannot be started.*ENOENT/);
    const restarted = await daemon.cli(["providers", "restart", "absent"]);
    expect(restarted.exitCode).toBe(69);

    expect(oneOf(await get(daemon, "later")).state).toBe("stopped");
    expect(await get(daemon, "remote")).toMatchObject({ type: "socket", state: "offline", description: "dials in from elsewhere" });
    const refused = await daemon.cli(["providers", "restart", "remote"]);
    expect(refused.stderr).toContain("dials in by itself");

    const { key } = await daemon.client.access.createKey({ name: "viewer", role: "viewer" });
    const seen = await fetch(`${daemon.url}/providers/broken`, { headers: { authorization: `Bearer ${key}` } }).then((answer) =>
      answer.text(),
    );
    expect(seen).toContain("nextRetryAt");
    expect(seen).not.toContain("no database");
  });
});

test("a program in Python is one as well, and ends with its daemon", async (context) => {
  const interpreter = need(context, pythonSocketIo);
  const script = join(repository, "examples/calculator-python/provider.py");
  await using daemon = await startTestDaemon({
    config: `[provider.calculator]\ntype = "process"\ncommand = ${JSON.stringify(interpreter)}\nargs = [${JSON.stringify(script)}]\n`,
  });
  const marks = new Set((await ready(daemon, 1)).supervision?.map(({ pid }) => markOf(pid as number)));
  const { result } = await daemon.client.providers.invoke({ name: "calculator", method: "add", params: { a: 5, b: 3 } });
  expect(result).toBe(8);
  await daemon.kill9();
  const left = await until(
    "the program to end",
    () => marked(marks),
    (left) => left.length === 0,
  );
  expect(left).toEqual([]);
});

describe("no process is left", () => {
  test("of a stubborn tree when it is stopped, nor of any after a killed daemon", async () => {
    await using daemon = await startTestDaemon({
      config: `[provider.calculator]\ntype = "process"\ncommand = "node"\nargs = ["--input-type=module", "-e", ${JSON.stringify(stubborn)}]\n`,
    });
    const pid = oneOf(await ready(daemon, 1)).pid as number;
    const first = new Set([markOf(pid)]);
    expect(marked(first)).toHaveLength(2);
    await daemon.cli(["providers", "restart", "calculator", "--deadline", "100ms"]);
    expect(marked(first)).toEqual([]);

    const second = new Set([markOf(oneOf(await ready(daemon, 1)).pid as number)]);
    await daemon.kill9();
    expect(marked(second)).not.toEqual([]);
    await daemon.restart();
    expect(marked(second)).toEqual([]);
    await ready(daemon, 1);
  });

  test("of a program of the SDK when the daemon is killed and never comes back", async () => {
    await using daemon = await startTestDaemon({ config: config() });
    const marks = new Set((await ready(daemon)).supervision?.map(({ pid }) => markOf(pid as number)));
    await daemon.kill9();
    const left = await until(
      "the programs to end",
      () => marked(marks),
      (left) => left.length === 0,
    );
    expect(left).toEqual([]);
  });
});
