/** A changed gantry.toml while the daemon runs: what is put into force, what waits for a restart, and that nothing else is disturbed. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { createClient } from "@gantry/client";
import { createProvider, defineMethod } from "@gantry/client/provider";
import type { InstanceRecord, Reload, Session } from "@gantry/contract";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { z } from "zod";

import { startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

/** A provider that does not connect is enough to see whether it is run, and by which process. */
function providerOf(name: string, seconds = 600): string {
  return `[provider.${name}]\ntype = "process"\ncommand = "sleep"\nargs = ["${seconds}"]\nstartTimeoutMs = 600000\n`;
}

/** Each part can be replaced by another text. */
const parts = {
  instance: "",
  daemon: `[daemon]\nlogLevel = "info"`,
  commands: `[commands]\nmodules = ["a-*.mjs"]\nmaxConcurrent = 8\n[commands.history]\nmaxCount = 1000`,
  queue: `[queue.narrow]\nmaxConcurrent = 1\n[queue.leaving]\nmaxConcurrent = 1`,
  command: `[command.hold]\nargv = ["sleep", "600"]\n[command.say]\nargv = ["echo", "before {word}"]\ninput = { word = { default = "x" } }\n[command.old]\nargv = ["true"]`,
  schedule: `[schedule.gone]\ncommand = "say"\neveryMs = 3600000\n[schedule.kept]\ncommand = "say"\neveryMs = 3600000`,
  sessions: `[sessions]\nmax = 2`,
  profile: `[profile.own]\nbinary = "cat"`,
  mcp: `[mcp]\ncommands = []`,
  provider: providerOf("stays") + providerOf("leaves"),
};

let daemon: TestDaemon;
const configure = (changed: Partial<typeof parts> = {}) =>
  writeFile(join(daemon.folder, "gantry.toml"), Object.values({ ...parts, ...changed }).join("\n"));
const reload = (dryRun = false): Promise<Reload> => daemon.client.instances.reload({ dryRun });
const keysOf = ({ changes }: Reload) => changes.map(({ key, effect }) => `${effect} ${key}`);
const begin = async (command: string, more: object = {}) =>
  (await daemon.client.executions.execute({ command, wait: false, ...more })).executionId;
const stateOf = async (id: string) => (await daemon.client.executions.get({ id })).state;
const record = async () => JSON.parse(await readFile(daemon.paths.recordFile, "utf8")) as InstanceRecord;

/** What must never be disturbed. */
let held: string;
let session: Session;
const provider = createProvider({
  name: "dialled",
  version: "1",
  methods: { ask: defineMethod({ input: z.object({}), run: () => "here" }) },
});
let states: string[] = [];

beforeAll(async () => {
  daemon = await startTestDaemon({ config: Object.values(parts).join("\n") });
  await writeFile(join(daemon.folder, "a-module.mjs"), moduleOf("from-a"));
  await writeFile(join(daemon.folder, "b-module.mjs"), moduleOf("from-b"));
  held = await begin("hold", { queue: "narrow" });
  session = await daemon.client.sessions.open({ argv: ["cat"] });
  await provider.connect({
    url: daemon.url,
    key: daemon.key,
    instance: "one",
    handleSignals: false,
    onState: (state) => states.push(state),
  });
  await until("the provider", async () => (await daemon.client.providers.get({ name: "dialled" })).state === "ready");
  states = [];
});
beforeEach(async () => {
  await configure();
  await reload();
});
afterAll(async () => {
  await provider.close();
  await daemon[Symbol.asyncDispose]();
});

const moduleOf = (name: string) =>
  `export default { "gantry.command": 1, name: "${name}", summary: "", positionals: [], timeoutMs: undefined, inputSchema: () => ({ type: "object", properties: {}, additionalProperties: false }), parse: (input) => input, run: () => 1 };\n`;

test("nothing changed is said as such", async () => {
  expect(await reload()).toMatchObject({ dryRun: false, changes: [], problems: [] });
  const said = await daemon.cli(["config", "reload"]);
  expect(said).toMatchObject({ exitCode: 0, stdout: "", stderr: `Nothing has changed (${join(daemon.folder, "gantry.toml")}).\n` });
});

test("limits, commands, and modules", async () => {
  const waiting = [
    await begin("hold", { queue: "narrow" }),
    await begin("hold", { queue: "leaving" }),
    await begin("hold", { queue: "leaving" }),
  ];
  expect(await stateOf(waiting[0] as string)).toBe("queued");
  expect(await stateOf(waiting[2] as string)).toBe("queued");
  await configure({
    commands: `[commands]\nmodules = ["b-*.mjs"]\nmaxConcurrent = 3\ncache = false`,
    queue: `[queue.narrow]\nmaxConcurrent = 2\n[queue.fresh]\nmaxQueued = 0`,
    command: `[command.hold]\nargv = ["sleep", "600"]\n[command.say]\nargv = ["echo", "after {word}"]\ninput = { word = { default = "y" } }\n[command.broken]\nargv = ["echo", "{nothing}"]`,
  });
  const dry = await reload(true);
  expect(keysOf(dry)).toContain("applied queue.narrow.maxConcurrent");
  expect(await stateOf(waiting[0] as string)).toBe("queued");
  const done = await reload();
  expect(keysOf(done)).toEqual(keysOf(dry));
  expect(done.changes).toContainEqual({ key: "command.old", change: "removed", before: expect.anything(), effect: "applied" });
  expect(done.problems.map(({ message }) => message)).toEqual([
    expect.stringContaining("[queue.leaving] is gone: 1 of its executions"),
    expect.stringContaining("[command.broken]: argv uses {nothing}"),
  ]);
  await until(
    "the one that waited for a wider queue",
    () => stateOf(waiting[0] as string),
    (state) => state === "running",
  );
  // Three run: two of the queue narrow, and one of the queue that is gone, which is finished.
  expect(await stateOf(waiting[2] as string)).toBe("queued");
  expect((await daemon.client.queues.list()).items.map(({ name, queued }) => [name, queued])).toEqual([
    ["default", 1],
    ["narrow", 0],
    ["fresh", 0],
  ]);
  await daemon.client.executions.cancel({ id: waiting[0] as string });
  await until(
    "the one of the lost queue",
    () => stateOf(waiting[2] as string),
    (state) => state === "running",
  );
  await Promise.all(waiting.map((id) => daemon.client.executions.cancel({ id })));

  expect(await daemon.cli(["run", "say"])).toMatchObject({ stdout: "after y\n", exitCode: 0 });
  expect(await daemon.cli(["run", "old"])).toMatchObject({ exitCode: 64, stderr: expect.stringContaining("There is no command old") });
  expect(await daemon.cli(["run", "from-a"])).toMatchObject({ exitCode: 64 });
  expect(await daemon.client.executions.execute({ command: "from-b" })).toMatchObject({ result: 1 });
  expect(await daemon.client.cache.status()).toMatchObject({ enabled: false });
});

test("schedules are made, changed, and taken away; one made by hand stays", async () => {
  const before = await daemon.client.schedules.list({});
  expect(before.items.map(({ name }) => name)).toEqual(["gone", "kept"]);
  await daemon.client.schedules.create({ name: "by-hand", command: "say", everyMs: 3_600_000 });
  await daemon.client.schedules.trigger({ schedule: "kept" });
  await configure({
    schedule: `[schedule.kept]\ncommand = "say"\neveryMs = 7200000\n[schedule.fresh]\ncommand = "say"\ncron = "0 3 * * *"\ntimeZone = "UTC"\n[schedule.by-hand]\ncommand = "say"\neveryMs = 1000`,
  });
  const done = await reload();
  expect(done.problems).toEqual([{ source: "schedule.by-hand", message: expect.stringContaining("made by hand") }]);
  const { items } = await daemon.client.schedules.list({});
  expect(items.map(({ name, everyMs, source }) => [name, everyMs, source])).toEqual([
    ["by-hand", 3_600_000, "api"],
    ["fresh", null, "configuration"],
    ["kept", 7_200_000, "configuration"],
  ]);
  expect(items.find(({ name }) => name === "kept")?.scheduleId).toBe(before.items[1]?.scheduleId);
  await daemon.client.schedules.delete({ schedule: "by-hand" });
});

test("sessions, profiles, and tools for agents", async () => {
  const second = await daemon.client.sessions.open({ argv: ["cat"], settleMs: 0 });
  await expect(daemon.client.sessions.open({ argv: ["cat"], settleMs: 0 })).rejects.toThrow("which is the limit (sessions.max)");
  const mcp = new Client({ name: "test", version: "1" });
  const headers = { authorization: `Bearer ${daemon.key}` };
  await mcp.connect(new StreamableHTTPClientTransport(new URL("/mcp", daemon.url), { requestInit: { headers } }));
  const tools = async () => (await mcp.listTools()).tools.map(({ name }) => name);
  expect(await tools()).toEqual(["dialled__ask"]);
  await configure({
    sessions: `[sessions]\nmax = 3`,
    profile: `[profile.own]\nbinary = "sh"\n[profile.other]\nbinary = "cat"`,
    mcp: `[mcp]\ncommands = ["say"]`,
  });
  expect(keysOf(await reload())).toEqual([
    "applied sessions.max",
    "applied mcp.commands",
    "applied profile.own.binary",
    "applied profile.other",
  ]);
  expect(await tools()).toEqual(["dialled__ask", "run__say"]);
  await mcp.close();
  const third = await daemon.client.sessions.open({ profile: "other", settleMs: 0 });
  const { items } = await daemon.client.sessions.profiles({ probe: false });
  expect(items.filter(({ source }) => source === "configuration").map(({ name, binary }) => [name, binary])).toEqual([
    ["own", "sh"],
    ["other", "cat"],
  ]);
  for (const { sessionId } of [second, third]) await daemon.client.sessions.kill({ id: sessionId });
});

test("providers: what differs is started, restarted, and ended, and the others keep their processes", async () => {
  const pidOf = async (name: string) => (await daemon.client.providers.get({ name })).supervision?.[0]?.pid;
  const before = { stays: await until("its process", () => pidOf("stays")), leaves: await until("its process", () => pidOf("leaves")) };
  await configure({ provider: providerOf("stays") + providerOf("comes") });
  expect(keysOf(await reload())).toEqual(["applied provider.leaves", "applied provider.comes"]);
  const names = (await daemon.client.providers.list()).items.map(({ name }) => name);
  expect(names.sort()).toEqual(["comes", "dialled", "stays"]);
  const comes = await until("its process", () => pidOf("comes"));
  expect(await pidOf("stays")).toBe(before.stays);
  expect(() => process.kill(before.leaves as number, 0)).toThrow("ESRCH");
  await configure({ provider: providerOf("stays") + providerOf("comes", 700) });
  expect(keysOf(await reload())).toEqual(["applied provider.comes.args"]);
  await until(
    "another process",
    () => pidOf("comes"),
    (pid) => pid !== undefined && pid !== comes,
  );
  expect(await pidOf("stays")).toBe(before.stays);
});

test("what needs a restart is named, told by status and diagnose, and not in force", async () => {
  await configure({ daemon: `[daemon]\nhost = "localhost"\ndrainTimeoutMs = 1234` });
  const { configuration } = await until(
    "the status to see it",
    () => daemon.client.instances.status(),
    (status) => status.configuration?.state === "changed",
  );
  expect(configuration).toMatchObject({
    reloadable: ["daemon.drainTimeoutMs"],
    needRestart: ["daemon.host"],
  });
  const { configHash } = await record();
  const said = await daemon.cli(["config", "reload"]);
  expect(said.stdout).toMatch(/~ {2}daemon\.host +"127\.0\.0\.1" +"localhost" +needs a restart/);
  expect(said.stdout).toMatch(/~ {2}daemon\.drainTimeoutMs +10000 +1234 +applied/);
  expect(said).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("Needs a restart: daemon.host; ") });
  const inForce = await daemon.client.instances.config();
  const valueOf = (key: string) => inForce.values.find((value) => value.key === key)?.value;
  expect([valueOf("daemon.host"), valueOf("daemon.drainTimeoutMs")]).toEqual(["127.0.0.1", 1234]);
  const after = await record();
  expect(after).toMatchObject({ pid: daemon.pid, pending: { keys: ["daemon.host"] } });
  expect(after.configHash).not.toBe(configHash);
  expect((await daemon.cli(["status", "-v"])).stdout).toContain("daemon.host changed since: gantry restart");
  await configure();
  await reload();
  expect((await record()).pending).toBeUndefined();
  expect((await daemon.client.instances.status()).configuration).toMatchObject({ state: "inForce" });
});

test.each([
  ["[daemon]\nlogLevel = = 1", "gantry.toml:3:12: "],
  ['[daemon]\nlogLevel = "loud"', 'gantry.toml:3: daemon.logLevel is "loud"'],
  ["[daemon]\nlogLevl = 1", "gantry.toml:3: unknown key daemon.logLevl. Did you mean logLevel?"],
])("a wrong file is refused with its line, and nothing of it is put into force: %j", async (text, place) => {
  // The other parts are right and different.
  await configure({ daemon: text, queue: "", command: "", schedule: "" });
  const refused = await daemon.cli(["config", "reload"]);
  expect(refused).toMatchObject({ exitCode: 78, stdout: "", stderr: expect.stringContaining(place) });
  expect(refused.stderr).toContain("The configuration in force was kept.");
  expect((await daemon.client.queues.list()).items.map(({ name }) => name)).toEqual(["default", "narrow", "leaving"]);
  expect(await daemon.cli(["run", "say"])).toMatchObject({ stdout: "before x\n", exitCode: 0 });
  await until(
    "the status to see it",
    () => daemon.client.instances.status(),
    ({ configuration }) => configuration?.state === "invalid" && configuration.detail?.includes(place) === true,
  );
});

test("SIGHUP does the same and tells of it in the log; only who may change the configuration may ask for it", async () => {
  await configure({ sessions: "[sessions]\nmax = 7" });
  process.kill(daemon.pid, "SIGHUP");
  await until("the limit", daemon.log, (log) => log.includes('"applied":["sessions.max"]'));
  await configure({ sessions: "[sessions]\nmax = 0" });
  process.kill(daemon.pid, "SIGHUP");
  await until("the refusal", daemon.log, (log) => log.includes("sessions.max is 0"));
  await configure({ daemon: `[daemon]\nlogLevel = "error"` });
  await reload();
  const quiet = (await daemon.log()).length;
  await configure({ sessions: "[sessions]\nmax = 9", daemon: `[daemon]\nlogLevel = "error"` });
  await reload();
  expect(await daemon.log()).toHaveLength(quiet);

  const { key } = await daemon.client.access.createKey({ name: "looks-on", role: "operator" });
  const operator = createClient({ url: daemon.url, key });
  await expect(operator.instances.reload()).rejects.toMatchObject({ code: "permissionDenied" });
});

test("what ran, was open, and had dialled in before has seen nothing of all this", async () => {
  expect(await stateOf(held)).toBe("running");
  expect(await daemon.client.sessions.get({ id: session.sessionId })).toMatchObject({ state: session.state, pid: session.pid });
  expect(await daemon.client.providers.invoke({ name: "dialled", method: "ask", params: {} })).toMatchObject({ result: "here" });
  expect(states).toEqual([]);
});
