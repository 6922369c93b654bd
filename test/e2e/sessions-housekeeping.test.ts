import { readFileSync } from "node:fs";

import { createClient } from "@gantry/client";
import { expect, test } from "vitest";

import { startTestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

/** A zombie does not run: it only waits for whoever is process 1 to take note. */
function runs(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

test("a program that fails at once is an error with its exit code and last output, and holds no slot", async () => {
  await using daemon = await startTestDaemon({ config: "[sessions]\nmax = 1\n" });
  const { sessions } = daemon.client;
  for (const mode of ["pty", "pipe"] as const) {
    await expect(
      sessions.open({ argv: ["sh", "-c", "echo no such flag >&2; exit 3"], mode, settleMs: 5000, name: "dies" }),
    ).rejects.toMatchObject({
      code: "cannotExecute",
      message: expect.stringMatching(/ended at once with exit code 3[^]*no such flag/) as string,
      details: { exitCode: 3, signal: null, output: expect.stringContaining("no such flag") as string },
    });
  }
  expect((await sessions.list()).items).toMatchObject([
    { state: "failed", exitCode: 3 },
    { state: "failed", exitCode: 3 },
  ]);
  expect(await sessions.open({ argv: ["true"], settleMs: 5000 })).toMatchObject({ state: "exited", exitCode: 0 });
  expect(await sessions.open({ argv: ["cat"], settleMs: 0 })).toMatchObject({ state: "active" });
  await expect(sessions.open({ argv: ["cat"] })).rejects.toMatchObject({ code: "resourceExhausted", details: { limit: "sessions.max" } });
  const detached = await daemon.cli(["open", "--detach", "--", "sh", "-c", "exit 4"]);
  expect(detached).toMatchObject({ stdout: "" });
});

test("one key's limit does not take another's place", async () => {
  await using daemon = await startTestDaemon({ config: "[sessions]\nmax = 5\nmaxPerKey = 1\n" });
  const { sessions } = daemon.client;
  await sessions.open({ argv: ["cat"] });
  await expect(sessions.open({ argv: ["cat"] })).rejects.toMatchObject({ code: "resourceExhausted", details: { count: 1 } });
  expect(await daemon.cli(["open", "--detach", "--", "cat"])).toMatchObject({ exitCode: 0 });
  expect(await daemon.cli(["open", "--detach", "--", "cat"])).toMatchObject({
    exitCode: 75,
    stderr: expect.stringContaining("maxPerKey") as string,
  });
});

test("idle sessions are ended with their whole tree; busy and viewed ones are not", async () => {
  await using daemon = await startTestDaemon({ config: "[sessions]\nidleTimeoutMs = 1500\ncleanupIntervalMs = 1000\n" });
  const { sessions } = daemon.client;
  const left = await sessions.open({ argv: ["bash", "-c", "setsid sleep 1000 & trap '' HUP TERM; echo $!; sleep 1000"], name: "left" });
  const busy = await sessions.open({ argv: ["bash", "-c", "while :; do :; done"], name: "busy" });
  const shown = await until(
    "it tells what left it",
    () => sessions.screen({ id: "left" }),
    (text) => /\d/.test(text),
  );
  const alone = Number(shown);
  expect(runs(alone)).toBe(true);
  const ended = await until(
    "the idle session is ended",
    () => sessions.get({ id: left.sessionId }),
    ({ state }) => state === "exited",
    { timeoutMs: 20_000 },
  );
  expect(ended).toMatchObject({ endReason: "idleTimeout" });
  expect((await sessions.get({ id: busy.sessionId })).state).toBe("active");
  expect([left.pid as number, alone].filter(runs)).toEqual([]);
});

test("cleanup on request: what would end, what ends, and what is let go", async () => {
  await using daemon = await startTestDaemon();
  const { sessions } = daemon.client;
  await sessions.open({ argv: ["cat"], name: "quiet" });
  await sessions.open({ argv: ["true"], settleMs: 5000, name: "over" });
  expect(await sessions.cleanup({})).toMatchObject({ ended: [], released: 1 });
  expect(await daemon.cli(["sessions", "cleanup", "--idle", "0", "--dry-run"])).toMatchObject({
    exitCode: 0,
    stdout: "",
    stderr: expect.stringContaining("quiet would be ended") as string,
  });
  const { key } = await daemon.client.access.createKey({ name: "other", role: "runner" });
  const other = createClient({ url: daemon.url, key });
  expect(await other.sessions.cleanup({ idleMs: 0 })).toEqual({ ended: [], released: 0, recordingsRemoved: 0 });
  expect(JSON.parse((await daemon.cli(["sessions", "cleanup", "--idle", "0", "--json"])).stdout)).toMatchObject({
    ended: [{ name: "quiet", state: "exited", endReason: "idleTimeout" }],
  });
  expect((await daemon.cli(["sessions", "cleanup", "--idle", "soon"])).exitCode).toBe(64);
});

test("a session over its memory limit is ended, and says so", async () => {
  await using daemon = await startTestDaemon({ config: "[sessions]\nmemoryLimitMb = 90\n" });
  const { sessions } = daemon.client;
  const small = await sessions.open({ argv: ["cat"] });
  const { sessionId } = await sessions.open({
    argv: [process.execPath, "-e", "const kept = []; setInterval(() => kept.push(Buffer.alloc(20e6, 1)), 50)"],
  });
  await until(
    "it is ended",
    () => sessions.get({ id: sessionId }),
    ({ state, endReason }) => state === "exited" && endReason === "memoryLimit",
    { timeoutMs: 20_000 },
  );
  expect(await sessions.get({ id: small.sessionId })).toMatchObject({ state: "active" });
});

test("names, tags, search, and what a session uses", async () => {
  await using daemon = await startTestDaemon();
  const { sessions } = daemon.client;
  await sessions.open({ argv: ["cat"], name: "one", tags: ["work", "100%"] });
  await sessions.open({ argv: ["bash", "-c", "sleep 500 & while :; do :; done"], name: "two", tags: ["play"] });
  const names = async (filter: object) => (await sessions.list(filter)).items.map(({ name }) => name);
  expect(await names({ tag: "work" })).toEqual(["one"]);
  expect(await names({ tag: "wor" })).toEqual([]);
  expect(await names({ search: "SLEEP 500" })).toEqual(["two"]);
  expect(await names({ search: "100%" })).toEqual(["one"]);
  expect(await names({ search: "1_0" })).toEqual([]);
  const busy = await until(
    "the busy one is measured",
    () => sessions.get({ id: "two" }),
    ({ resources }) => (resources?.cpuPercent ?? 0) > 20,
  );
  expect(busy.resources).toMatchObject({ processes: 2, threads: 2 });
  expect(busy.resources?.memoryBytes).toBeGreaterThan(1_000_000);
  const table = (await daemon.cli(["sessions", "list", "--tag", "play"])).stdout;
  expect(table).toMatch(/NAME +STATE +AGENT +SIZE +VIEWERS +CPU +MEMORY +IDLE/);
  expect(table).toMatch(/two +active +\S+ +80x24 +0 +\d+\.\d% +\d/);
  expect((await daemon.cli(["sessions", "show", "two"])).stdout).toContain("2 processes");
  await sessions.kill({ id: "two" });
  expect((await sessions.get({ id: "two" })).resources).toBeNull();
});
