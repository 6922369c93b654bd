/** Schedules through a real daemon: from gantry.toml, the API, and the CLI; and through kill -9. */
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { Tick } from "@gantry/contract";
import { afterAll, beforeAll, expect, test } from "vitest";

import { startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

/** Each run leaves a file of its own with one line: two lines would be a second run. */
const config = (more = "") => `
[command.mark]
argv = ["sh", "-c", "echo run >> \\"$GANTRY_HOME/marks-$GANTRY_EXECUTION_ID\\""]
input = { word = { type = "string", default = "none" }, times = { type = "integer", default = 1 } }

[command.sleep]
argv = ["sleep", "60"]

[schedule.nightly]
command = "mark"
argv = ["--word", "night"]
cron = "30 2 * * *"
timeZone = "Europe/Berlin"
${more}
`;

let daemon: TestDaemon;
beforeAll(async () => {
  daemon = await startTestDaemon({ config: config() });
});
afterAll(() => daemon[Symbol.asyncDispose]());

const schedules = () => daemon.client.schedules;
const ticksOf = async (schedule: string): Promise<Tick[]> => (await schedules().ticks({ schedule, limit: 1000 })).items;
const markOf = (id: string) => readFileSync(join(daemon.home, `marks-${id}`), "utf8");

test("a schedule of gantry.toml is there, shows its next ticks, and can be changed only in the file", async () => {
  const listed = await daemon.cli(["schedule", "list"]);
  expect(listed.stdout).toContain("30 2 * * * (Europe/Berlin)");
  const next = await daemon.cli(["schedule", "next", "-n", "3", "nightly"]);
  expect(next.stdout.trim().split("\n")).toHaveLength(4);
  expect(next.stdout).toContain("02:30:00");
  expect(await daemon.cli(["schedule", "delete", "nightly"])).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining("written in gantry.toml as [schedule.nightly]") as string,
  });
  expect((await daemon.cli(["schedule", "pause", "nightly"])).stdout).toBe("nightly paused\n");
  await daemon.restart();
  expect((await schedules().get({ schedule: "nightly" })).state).toBe("paused");
  expect((await daemon.cli(["schedule", "resume", "nightly"])).stdout).toContain("nightly next runs at");
});

test("create, show, update, trigger, ticks, and delete in the CLI", async () => {
  const made = await daemon.cli(["schedule", "create", "--every", "1h", "--tag", "hourly", "hourly", "mark", "--word", "hour"]);
  expect(made).toMatchObject({ stdout: expect.stringMatching(/^hourly next runs at 20/) as string, stderr: "", exitCode: 0 });
  const triggered = await daemon.cli(["schedule", "trigger", "hourly"]);
  const id = triggered.stdout.trim();
  expect((await daemon.cli(["wait", id])).exitCode).toBe(0);
  expect(markOf(id)).toBe("run\n");
  expect((await daemon.client.executions.get({ id })).tags).toEqual(["hourly"]);
  await until(
    "the tick to be told as ended",
    () => daemon.cli(["schedule", "ticks", "hourly"]),
    ({ stdout }) => stdout.includes("(by hand)") && stdout.includes("succeeded"),
  );
  await daemon.cli(["schedule", "update", "--every", "2h", "hourly"]);
  expect((await daemon.cli(["schedule", "show", "hourly"])).stdout).toMatch(/runs +mark --word hour\nwhen +every 2 h/);
  await daemon.client.schedules.create({ name: "daily", command: "mark", everyMs: 86_400_000 });
  expect(await daemon.cli(["schedule", "delete", "hourly", "missing", "daily"])).toMatchObject({
    stdout: "hourly deleted\ndaily deleted\n",
    stderr: expect.stringContaining("There is no schedule missing."),
    exitCode: 64,
  });
  expect((await daemon.cli(["schedule", "show", "hourly"])).exitCode).toBe(64);
});

test.each([
  [["--cron", "61 * * * *", "bad", "mark"], 'cron: "61 * * * *" is no cron pattern (Invalid value for minute: 61)'],
  [
    ["--cron", "* * * * *", "--time-zone", "Europe/Berln", "bad", "mark"],
    'timeZone: must be an IANA time zone, such as Europe/Berlin or UTC (given: "Europe/Berln")',
  ],
  [["bad", "mark"], "exactly one of cron, everyMs, and at"],
  [["--every", "10ms", "bad", "mark"], "everyMs: Too small"],
  [
    ["--every", "1m", "--misfire", "sometimes", "bad", "mark"],
    "option '--misfire <policy>' argument 'sometimes' is invalid. Allowed choices are skip, latest, all.",
  ],
  [
    ["--every", "1m", "--overlap", "never", "bad", "mark"],
    "option '--overlap <policy>' argument 'never' is invalid. Allowed choices are skip, queueOne, allow, cancelPrevious.",
  ],
  [["--at", "yesterday", "bad", "mark"], '--at "yesterday" is no time'],
  [["--at", "2020-01-01T00:00:00Z", "bad", "mark"], "at: 2020-01-01T00:00:00.000Z has passed"],
  [["--every", "1m", "bad", "no-such-command"], "no-such-command"],
  [["--every", "1m", "bad", "mark", "--times", "three"], "--times must be"],
  [["--every", "1m", "b d", "mark"], "name: must be letters, digits"],
])("%j is refused, and nothing is made", async (args, message) => {
  const before = (await schedules().list()).items.length;
  const { stderr, exitCode } = await daemon.cli(["schedule", "create", ...args]);
  expect(stderr).toContain(message);
  expect(exitCode).toBe(64);
  expect((await schedules().list()).items).toHaveLength(before);
});

test("a wrong schedule in gantry.toml is named by its key, and nothing is started", async () => {
  const file = join(daemon.folder, "wrong.toml");
  await writeFile(file, `[schedule.x]\ncommand = "mark"\ncron = "99 * * * *"\n`);
  const { stderr, exitCode } = await daemon.cli(["config", "validate", "--config", file]);
  expect(stderr).toContain(`${file}:1: [schedule.x] cron: "99 * * * *" is no cron pattern`);
  expect(exitCode).toBe(78);
});

test("another key's schedules are not a runner's to see, and a runner chooses no folder", async () => {
  const { key } = await daemon.client.access.createKey({ name: "runner", role: "runner" });
  const ask = (path: string, body?: object) =>
    fetch(`${daemon.url}${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  expect(((await (await ask("/schedules")).json()) as { items: unknown[] }).items).toEqual([]);
  expect((await ask("/schedules/nightly")).status).toBe(404);
  expect((await ask("/schedules", { name: "free", command: "mark", everyMs: 60_000, cwd: "/" })).status).toBe(403);
});

test("kill -9 again and again: no tick fires twice, and those of the short absence are made up for", { timeout: 90_000 }, async () => {
  await schedules().create({ name: "busy", command: "mark", everyMs: 1000, overlap: "allow", misfire: "all" });
  for (let round = 1; round <= 4; round += 1) {
    await until(
      "ticks to have run",
      () => ticksOf("busy"),
      (ticks) => ticks.filter(({ state }) => state === "succeeded").length >= round * 2,
    );
    await daemon.kill9();
    await daemon.restart();
  }
  await schedules().pause({ schedule: "busy" });
  const ticks = await until(
    "every tick to have ended",
    () => ticksOf("busy"),
    (all) => all.every(({ endedAt }) => endedAt !== null),
  );
  const times = ticks.map(({ scheduledAt }) => Date.parse(scheduledAt)).sort((one, other) => one - other);
  expect(times).toEqual(times.map((_, index) => (times[0] as number) + index * 1000));
  const ids = ticks.map(({ executionId }) => executionId as string);
  expect(new Set(ids).size).toBe(ids.length);
  // Each tick ran once; a program that was being started when the daemon died may have been interrupted before it did anything.
  const ran = readdirSync(daemon.home).filter((name) => name.startsWith("marks-"));
  expect(ran.filter((name) => readFileSync(join(daemon.home, name), "utf8") !== "run\n")).toEqual([]);
  expect(ticks.filter(({ state }) => state !== "succeeded" && state !== "interrupted")).toEqual([]);
  const succeeded = ticks.filter(({ state }) => state === "succeeded").map(({ executionId }) => markOf(executionId as string));
  expect(succeeded).toEqual(succeeded.map(() => "run\n"));
  const { items } = await daemon.client.executions.list({ command: "mark", limit: 1000 });
  expect(items.filter(({ executionId }) => ids.includes(executionId))).toHaveLength(ids.length);
});

test("an execution that outlives the daemon is found again by its tick", async () => {
  await schedules().create({ name: "long", command: "sleep", everyMs: 3_600_000 });
  const { executionId } = await schedules().trigger({ schedule: "long" });
  await daemon.kill9();
  await daemon.restart();
  expect((await ticksOf("long"))[0]).toMatchObject({ executionId, state: "running" });
  await daemon.client.executions.cancel({ id: executionId as string });
  await until(
    "the tick to end",
    () => ticksOf("long"),
    ([tick]) => tick?.state === "cancelled",
  );
});
