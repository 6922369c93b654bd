/** Looking back: every filter, all pages at once, and a search that holds up nobody. */
import { afterAll, beforeAll, expect, test } from "vitest";

import { createClient } from "@gantry/client";

import { startTestDaemon, type TestDaemon } from "../support/daemon.ts";

const config = `
[commands]
maxConcurrent = 4

[command.build]
argv = ["true"]

[command.deploy]
argv = ["sh", "-c", "exit 7"]
`;

let daemon: TestDaemon;
let theirs: string;
beforeAll(async () => {
  daemon = await startTestDaemon({ config });
  const { key } = await daemon.client.access.createKey({ name: "other", role: "runner" });
  const other = createClient({ url: daemon.url, key });
  theirs = (await other.executions.execute({ command: "build", tags: ["Nightly"] })).executionId;
  await daemon.client.executions.execute({ command: "deploy", tags: ["release"] });
  for (let index = 0; index < 6; index += 1) await daemon.client.executions.execute({ command: "build" });
});
afterAll(() => daemon[Symbol.asyncDispose]());

const listed = async (...args: string[]) => {
  const { stdout, stderr, exitCode } = await daemon.cli(["history", "--json", ...args]);
  expect({ stderr, exitCode }).toEqual({ stderr: "", exitCode: 0 });
  return (JSON.parse(stdout) as { items: { executionId: string; command: string; owner: string; durationMs: number }[] }).items;
};

test("each filter finds what it says, also together", async () => {
  expect((await listed("--failed")).map(({ command }) => command)).toEqual(["deploy"]);
  expect((await listed("--search", "DEPL")).map(({ command }) => command)).toEqual(["deploy"]);
  expect((await listed("--search", "exited with 7")).map(({ command }) => command)).toEqual(["deploy"]);
  expect((await listed("--search", "nightly")).map(({ executionId }) => executionId)).toEqual([theirs]);
  expect(await listed("--search", "nightly", "--failed")).toEqual([]);
  const [{ owner } = { owner: "" }] = await listed("--tag", "Nightly");
  expect((await listed("--owner", owner)).map(({ executionId }) => executionId)).toEqual([theirs]);
  const all = await listed("--all");
  const longest = Math.max(...all.map(({ durationMs }) => durationMs));
  expect(await listed("--longer-than", `${longest}ms`)).toEqual(all.filter(({ durationMs }) => durationMs === longest));
  expect((await listed("--command", "deploy", "--state", "failed", "--since", "1h")).length).toBe(1);
  expect(await listed("--until", "1h")).toEqual([]);
});

test("all pages at once, as JSON, CSV, and a table; what contradicts itself is refused", async () => {
  expect((await listed("--all")).length).toBe(8);
  expect((await listed("--limit", "0")).length).toBe(8);
  const csv = await daemon.cli(["history", "--all", "--csv"]);
  expect(csv.stdout.trimEnd().split("\r\n").length).toBe(9);
  const table = await daemon.cli(["history", "-n", "3"]);
  expect(table.stdout.trimEnd().split("\n").length).toBe(4);
  expect(table.stderr).toMatch(/^There are more: add --cursor exe_/);
  expect(await daemon.cli(["history", "--failed", "--state", "failed"])).toMatchObject({ exitCode: 64, stdout: "" });
  await expect(daemon.client.executions.list({ text: "" })).rejects.toMatchObject({ code: "invalidArgument" });
});
