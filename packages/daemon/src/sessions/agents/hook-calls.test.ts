import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, onTestFinished, test, vi } from "vitest";

import { createLogger } from "../../core/logger.ts";
import { createHookCalls, type HookCalls } from "./hook-calls.ts";
import { createHookSpool } from "./hook-spool.ts";

interface Setup {
  calls: HookCalls;
  heard: string[];
  /** As a hook leaves it that no daemon answered. */
  leave(startedMs: number, event: string): Promise<void>;
  left(): Promise<string[]>;
  folder: string;
}

async function setUp(hear: () => Promise<boolean> = () => Promise.resolve(true)): Promise<Setup> {
  const root = await mkdtemp(join(tmpdir(), "gantry-spool-"));
  const folder = join(root, "spool");
  await mkdir(folder);
  const heard: string[] = [];
  const calls = createHookCalls({
    hooks: { knows: (_id, secret) => Promise.resolve(secret === "right"), spool: () => createHookSpool(folder) },
    hear(_id, { event, timeMs }) {
      heard.push(`${event} ${timeMs}`);
      return hear();
    },
    clock: { now: () => 1000, monotonic: () => 0 },
    logger: createLogger({ level: "fatal" }),
  });
  onTestFinished(async () => {
    calls.close();
    await rm(root, { recursive: true });
  });
  const leave = (startedMs: number, event: string): Promise<void> =>
    writeFile(join(folder, `${startedMs}-${process.pid}`), JSON.stringify({ pid: process.pid, startedMs, event }));
  return { calls, heard, leave, left: () => readdir(folder), folder };
}

const report = (event: string, startedMs: number) => ({ secret: "right", pid: process.pid, startedMs, event });

test("what was left is heard oldest first and removed; what is no call, or not whole, is not heard", async () => {
  const { calls, heard, leave, left, folder } = await setUp();
  await leave(30, "Stop");
  await leave(9, "UserPromptSubmit");
  await leave(5000, "in the future");
  await writeFile(join(folder, "20-1"), "{");
  await writeFile(join(folder, "40-1.new"), JSON.stringify({ pid: 1, startedMs: 40, event: "Stop" }));
  await calls.listen("ses_1");
  expect(heard).toEqual(["UserPromptSubmit 9", "Stop 30", "in the future 1000"]);
  expect(await left()).toEqual(["40-1.new"]);
});

test("what is left while a daemon listens is heard at once, and before a call that comes by itself", async () => {
  const { calls, heard, leave, left } = await setUp();
  await calls.listen("ses_1");
  await leave(10, "PreToolUse");
  await vi.waitFor(() => expect(heard).toEqual(["PreToolUse 10"]), 4000);
  await vi.waitFor(async () => expect(await left()).toEqual([]));
  await leave(20, "PostToolUse");
  expect(await calls.report("ses_1", process.pid, report("Stop", 30))).toBe(true);
  expect(heard).toEqual(["PreToolUse 10", "PostToolUse 20", "Stop 30"]);
});

test("a call that comes both ways is heard once, whichever way is first", async () => {
  const { calls, heard, leave, left } = await setUp();
  await calls.listen("ses_1");
  await leave(10, "PreToolUse");
  expect(await calls.report("ses_1", process.pid, report("PreToolUse", 10))).toBe(true);
  expect(await calls.report("ses_1", process.pid, report("Stop", 20))).toBe(true);
  await leave(20, "Stop");
  await vi.waitFor(async () => expect(await left()).toEqual([]), 4000);
  expect(heard).toEqual(["PreToolUse 10", "Stop 20"]);
});

test("a call is kept until what came of it is stored, and a daemon that closes leaves the rest", async () => {
  let store: (known: boolean) => void = () => undefined;
  const { calls, heard, leave, left } = await setUp(() => new Promise((resolve) => (store = resolve)));
  await leave(10, "PreToolUse");
  await leave(20, "Stop");
  const listening = calls.listen("ses_1");
  await vi.waitFor(() => expect(heard).toEqual(["PreToolUse 10"]));
  expect(await left()).toHaveLength(2);
  calls.close();
  store(true);
  await listening;
  expect(heard).toEqual(["PreToolUse 10"]);
  expect(await left()).toEqual([`20-${process.pid}`]);
});

test("a wrong secret, a process of somebody else, and a session that nobody listens to are refused; a program that starts is waited for", async () => {
  const { calls, heard } = await setUp();
  expect(await calls.report("ses_1", process.pid, report("Stop", 1))).toBe(false);
  await calls.listen("ses_1");
  expect(await calls.report("ses_1", process.pid, { ...report("Stop", 1), secret: "wrong" })).toBe(false);
  expect(await calls.report("ses_1", process.pid, { ...report("Stop", 1), pid: 1 })).toBe(false);
  await expect(calls.report("ses_1", null, report("Stop", 1))).rejects.toMatchObject({ code: "unavailable" });
  expect(heard).toEqual([]);
});
