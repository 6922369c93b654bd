import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { decodeJsonPayload, encodeJsonFrame, FrameDecoder } from "@gantry/contract/frames";
import { expect, onTestFinished, test, vi } from "vitest";

import { createHostFleet, type HostFleet, type HostFleetOptions } from "./fleet.ts";
import type { ChildSpec } from "./link.ts";

const quiet = { info: () => {}, warn: () => {} };

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "gantry-fleet-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function openFleet(directory: string, options: Partial<HostFleetOptions> = {}): HostFleet {
  const fleet = createHostFleet({ directory, logFile: join(directory, "host.log"), version: "1", log: quiet, ...options });
  onTestFinished(() => fleet.shutdown(100));
  return fleet;
}

const cat = (id: string): ChildSpec => ({ id, mode: "pty", argv: ["cat"], cwd: "/", env: { PATH: process.env.PATH ?? "" } });
const eventually = (check: () => unknown) => vi.waitFor(check, { timeout: 10_000, interval: 20 });

/** Types into it and waits until it comes back. */
async function echoes(fleet: HostFleet, id: string): Promise<void> {
  fleet.write(id, Buffer.from("here\r"));
  await eventually(async () => expect(await fleet.screen(id, "text")).toContain("here\nhere"));
}

test("when a host is full the next child gets another, and the death of one takes only its own", async () => {
  const directory = newDirectory();
  const fleet = openFleet(directory, { childrenPerHost: 2 });
  // All at once: none may take a place that another was given.
  await Promise.all(["ses_1", "ses_2", "ses_3", "ses_4", "ses_5"].map((id) => fleet.spawn(cat(id))));
  const hosts = await fleet.hosts();
  expect(hosts.map(({ number, running, draining }) => [number, running, draining])).toEqual([
    [1, 2, false],
    [2, 2, false],
    [3, 1, false],
  ]);
  const lost: string[] = [];
  fleet.on("lost", (id) => lost.push(id));
  const inSecond = (await fleet.list())
    .filter(({ id }) => readFileSync(join(directory, "host-2.journal"), "utf8").includes(id))
    .map(({ id }) => id);
  process.kill(hosts[1]?.pid as number, "SIGKILL");
  await eventually(() => expect(lost.toSorted()).toEqual(inSecond.toSorted()));
  expect(inSecond).toHaveLength(2);
  for (const { id } of await fleet.list()) await echoes(fleet, id);
  expect(await fleet.list()).toHaveLength(3);
  await fleet.spawn(cat("ses_6"));
  await echoes(fleet, "ses_6");
});

test("a host of another version keeps its children to their end, gets no new ones, and then leaves", async () => {
  const directory = newDirectory();
  const before = openFleet(directory, { version: "1" });
  await before.spawn(cat("ses_old"));
  await before.release();
  const after = openFleet(directory, { version: "2", surplusMs: 100 });
  expect((await after.list()).map(({ id }) => id)).toEqual(["ses_old"]);
  await after.spawn(cat("ses_new"));
  expect((await after.hosts()).map(({ version, draining, running }) => [version, draining, running])).toEqual([
    ["1", true, 1],
    ["2", false, 1],
  ]);
  await echoes(after, "ses_old");
  await echoes(after, "ses_new");
  await after.terminate("ses_old");
  await eventually(async () => expect((await after.hosts()).map(({ version }) => version)).toEqual(["2"]));
  await eventually(() => expect(existsSync(join(directory, "host-1.journal"))).toBe(false));
  await echoes(after, "ses_new");
});

test("what runs on a host that cannot be talked to is not called lost", async () => {
  const directory = newDirectory();
  const status = { id: "ses_far", mode: "pty", state: "running", pid: process.pid, argv: ["cat"], cwd: "/", title: "" };
  writeFileSync(join(directory, "host-1.journal"), `${JSON.stringify({ type: "started", status, startTime: "1" })}\n`);
  const server = createServer((socket) => {
    const decoder = new FrameDecoder();
    socket.on("error", () => {});
    socket.on("data", (bytes: Buffer) => {
      for (const { payload } of decoder.push(bytes)) {
        const { id } = decodeJsonPayload(payload) as { id: number };
        socket.write(
          encodeJsonFrame(0, { id, error: { code: "conflict", message: "This process host speaks protocol 99, the daemon 1." } }),
        );
      }
    });
  }).listen(join(directory, "host-1.sock"));
  onTestFinished(() => void server.close());
  const fleet = openFleet(directory);
  const lost: string[] = [];
  fleet.on("lost", (id) => lost.push(id));
  await fleet.spawn(cat("ses_near"));
  expect((await fleet.list()).map(({ id, state }) => [id, state])).toEqual([
    ["ses_far", "running"],
    ["ses_near", "running"],
  ]);
  await expect(fleet.screen("ses_far", "text")).rejects.toMatchObject({ code: "conflict" });
  await echoes(fleet, "ses_near");
  expect(lost).toEqual([]);
});

test("the exits that a dead host's journal tells are told once, and the journal goes with the last of them", async () => {
  const directory = newDirectory();
  const fleet = openFleet(directory);
  await fleet.spawn({ ...cat("exe_done"), mode: "pipe", argv: ["sh", "-c", "exit 3"] });
  await eventually(async () => expect((await fleet.list())[0]?.exit?.code).toBe(3));
  const [host] = await fleet.hosts();
  await fleet.close();
  process.kill(host?.pid as number, "SIGKILL");
  await eventually(() => expect(existsSync(`/proc/${host?.pid}`)).toBe(false));
  const next = openFleet(directory);
  await eventually(async () => expect(await next.list()).toMatchObject([{ id: "exe_done", exit: { code: 3 } }]));
  await next.forget("exe_done");
  expect(await next.list()).toEqual([]);
  await eventually(() => expect(existsSync(join(directory, "host-1.journal"))).toBe(false));
});
