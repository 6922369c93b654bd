/** A program and a daemon of different versions: what still works between them, and what is said of the rest. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { connectControl, isAlive } from "@gantry/client/node";
import type { InstanceRecord } from "@gantry/contract";
import { afterEach, beforeEach, expect, test } from "vitest";

import { runCli } from "../support/cli.ts";
import { repository, startTestDaemon } from "../support/daemon.ts";

let root: string;
let home: { cwd: string; env: Record<string, string> };
let stranger: ChildProcess | undefined;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "gantry-skew-")));
  home = { cwd: root, env: { GANTRY_HOME: join(root, "h") } };
});
afterEach(async () => {
  stranger?.kill("SIGKILL");
  stranger = undefined;
  await runCli(["stop", "--sessions"], home);
  await rm(root, { recursive: true });
});

/** A daemon of another version: it holds the place and answers every operation as one that it does not know. */
async function startOtherVersion(protocol: { min: number; max: number }): Promise<{ child: ChildProcess; record: InstanceRecord }> {
  // A true record to begin with, with everything in it that a later version still writes.
  await runCli(["start", "--port", "0"], home);
  const file = join(root, "h/run/default/instance.json");
  const record = JSON.parse(await readFile(file, "utf8")) as InstanceRecord;
  await runCli(["stop", "--sessions"], home);
  const code = `
    import { createServer } from "node:net";
    import { FrameDecoder, decodeJsonPayload, encodeJsonFrame } from "${repository}/packages/contract/src/frames.ts";
    import { parseStartTime } from "${repository}/packages/contract/src/process-identity.ts";
    import { readFileSync } from "node:fs";
    const error = { type: "about:blank", title: "Not implemented", status: 501, code: "unimplemented", detail: "there is no such operation", retryable: false };
    createServer((socket) => {
      const decoder = new FrameDecoder();
      socket.on("error", () => {});
      socket.on("data", (bytes) => {
        for (const { channel } of decoder.push(bytes)) socket.write(encodeJsonFrame(channel, { error }));
      });
    }).listen(process.argv[1], () => console.log(parseStartTime(readFileSync("/proc/self/stat", "utf8"))));`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code, record.controlSocket], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  stranger = child;
  const [startTime] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  const changed = { ...record, pid: child.pid as number, startTime, version: "9.0.0", protocol };
  await mkdir(join(root, "h/run/default"), { recursive: true });
  await writeFile(file, JSON.stringify({ ...changed, somethingNew: true }), { mode: 0o600 });
  return { child, record: changed };
}

test.each([
  ["newer", { min: 7, max: 9 }],
  ["older", { min: 0, max: 0 }],
])("a daemon of a %s protocol is named as such, its log can be read, and it can be stopped", async (_which, protocol) => {
  const { child, record } = await startOtherVersion(protocol);
  const refused = await runCli(["ps"], home);
  expect(refused).toMatchObject({ exitCode: 69, stderr: expect.stringMatching(/runs version 9\.0\.0 .*gantry restart/) });
  expect(await runCli(["run", "anything"], home)).toMatchObject({ exitCode: 69, stderr: expect.stringContaining("speaks protocol 1") });
  expect(await runCli(["logs"], home)).toMatchObject({ exitCode: 0, stdout: expect.stringContaining("ready") });
  expect((await runCli(["list"], home)).stdout).toMatch(/default +unresponsive .* 9\.0\.0/);
  const exited = once(child, "exit");
  expect(await runCli(["stop"], home)).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("SIGTERM") });
  await exited;
  expect(isAlive(record)).toBe(false);
});

test("restart replaces a daemon of another version with this one", async () => {
  const { record } = await startOtherVersion({ min: 7, max: 9 });
  expect(await runCli(["restart"], home)).toMatchObject({ exitCode: 0 });
  expect(isAlive(record)).toBe(false);
  expect(await runCli(["ps"], home)).toMatchObject({ exitCode: 0 });
});

test("the frozen core answers a client that knows nothing but its names", async () => {
  await using daemon = await startTestDaemon();
  const connection = await connectControl(daemon.paths.controlSocket);
  expect(await connection.call("instances.version", {})).toMatchObject({ version: expect.any(String), protocol: { min: 1 } });
  expect(await connection.call("instances.status", {})).toMatchObject({ instance: "default", pid: daemon.pid });
  expect(await connection.call("instances.health", {})).toMatchObject({ status: "ok", pid: daemon.pid });
  await expect(connection.call("instances.somethingNew", {})).rejects.toMatchObject({ code: "unimplemented" });
  connection.close();
});

test("an unknown instance is told from a stopped one, and those that exist are listed", async () => {
  await runCli(["start", "--port", "0"], home);
  expect(await runCli(["ps", "--instance", "defualt"], home)).toMatchObject({
    exitCode: 69,
    stderr: expect.stringContaining("It was never started; there are: default."),
  });
});
