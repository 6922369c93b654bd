import { expect, test } from "vitest";

import { attachOverWebSocket } from "../support/attach.ts";
import { startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { attachAsJson, connectSessions, type JsonAttachment } from "../support/json-attachment.ts";
import { until } from "../support/until.ts";

const bash = ["bash", "--norc", "--noprofile"];

async function openBash(daemon: TestDaemon, name: string): Promise<string> {
  return (await daemon.client.sessions.open({ argv: bash, name, cwd: daemon.folder, env: { PS1: "$ " } })).sessionId;
}

/** The whole conversation, the same over every carrier of text. */
async function converse(daemon: TestDaemon, one: JsonAttachment, id: string): Promise<void> {
  expect(await one.told("attached")).toMatchObject({ sessionId: id, mode: "pty", controller: true, readOnly: false });
  one.send({ type: "command", content: "echo sum-$((40+2)); sleep 100" });
  expect(await one.told("echo")).toMatchObject({ content: "echo sum-$((40+2)); sleep 100", submitted: true });
  await until("the sum is shown", () => one.text("snapshot", "stdout").includes("sum-42"));
  one.send({ type: "interrupt" });
  one.send({ type: "resize", cols: 101, rows: 31 });
  expect(await one.told("resized")).toMatchObject({ cols: 101, rows: 31 });
  one.send({ type: "input", data: "stty si" });
  one.send({ type: "input", data: Buffer.from("ze\r").toString("base64"), encoding: "base64" });
  await until("the size is shown", () => one.text("stdout").includes("31 101"));
  one.send({ type: "input", data: "trap 'echo got-usr1' USR1; echo rea''dy\r" });
  await until("the trap is set", () => one.text("stdout").includes("ready"));
  one.send({ type: "signal", signal: "SIGUSR1" });
  await until("the signal came", () => one.text("stdout").includes("got-usr1"));
  one.send({ type: "ping", data: "here" });
  expect(await one.told("pong")).toMatchObject({ data: "here" });
  one.send({ type: "status" });
  expect(await one.told("status", ({ title }) => title !== undefined)).toMatchObject({ state: "active", controller: true });
  for (const [bad, complaint] of [
    [{ type: "shout" }, "known are"],
    [{ type: "resize", cols: 5000, rows: 24 }, "resize.cols"],
    [{ type: "signal", signal: "SIGNONE" }, "signal.signal"],
  ] as const) {
    one.send(bad);
    expect(await one.told("error", ({ detail }) => detail?.includes(complaint) === true)).toMatchObject({ code: "invalidArgument" });
  }
  expect(await daemon.client.sessions.broadcast({ id, message: "lunch" })).toMatchObject({ recipients: 1 });
  expect(await one.told("broadcast")).toMatchObject({ message: "lunch", from: expect.any(String) as string });
  one.send({ type: "control", take: false });
  await one.told("status", ({ controller }) => controller === false);
  one.send({ type: "input", data: "x" });
  await one.told("error", ({ code }) => code === "conflict");
  one.send({ type: "control", take: true });
  await until("control is back", () => one.messages.at(-1)?.controller === true);
  one.send({ type: "command", content: "printf '\\303\\274-\\377-end'; exit 7" });
  expect(await one.told("exit")).toMatchObject({ state: "exited", exitCode: 7, reason: "exited" });
  await one.closed;
  expect(one.text("stdout")).toContain("ü-\ufffd-end");
  for (const { timestamp } of one.messages) expect(timestamp).toMatch(/^\d{4}-.*Z$/);
}

test("gantry.json over a WebSocket: every message there is, and every one that is none", async () => {
  await using daemon = await startTestDaemon();
  const id = await openBash(daemon, "json");
  const one = await attachAsJson(daemon.url, daemon.key, id);
  one.send("{");
  await one.told("error", ({ detail }) => detail?.includes("not JSON") === true);
  await converse(daemon, one, id);
  await expect(daemon.client.sessions.input({ id, text: "late" })).rejects.toMatchObject({ code: "conflict" });
  await expect(attachAsJson(daemon.url, daemon.key, id, { encoding: "latin1" }).then(({ closed }) => closed)).resolves.toMatchObject({
    code: 4400,
    reason: expect.stringContaining("encoding") as string,
  });
  const late = await attachAsJson(daemon.url, daemon.key, id, { encoding: "base64" });
  expect(await late.told("exit")).toMatchObject({ exitCode: 7 });
  expect(Buffer.from(late.text("snapshot"), "base64").toString()).toContain("-end");
});

test("what a program does not react to is told as not submitted, by every way to type, and typed once", async () => {
  await using daemon = await startTestDaemon();
  const deaf = ["sh", "-c", "stty raw -echo; echo ready; exec sleep 100"];
  for (const name of ["one", "two"]) await daemon.client.sessions.open({ argv: deaf, name });
  await daemon.client.sessions.open({ argv: ["sleep", "100"], name: "quiet" });
  for (const name of ["one", "two"])
    await until("it is deaf", async () => (await daemon.client.sessions.screen({ id: name })).includes("ready"));
  const typing = daemon.cli(["sessions", "send", "two", "anybody?"]);
  // A program that reads nothing, in a terminal that shows what is typed, still moves its cursor.
  expect(await daemon.client.sessions.send({ id: "quiet", text: "x" })).toEqual({ bytes: 1, submitted: true, error: null });
  expect(await daemon.client.sessions.send({ id: "quiet", text: "x", enter: false })).toEqual({ bytes: 1, submitted: null, error: null });
  const one = await attachAsJson(daemon.url, daemon.key, "one");
  await one.told("attached");
  one.send({ type: "command", content: "anybody?" });
  one.send({ type: "input", data: "behind it" });
  expect(await one.told("echo")).toMatchObject({ content: "anybody?", submitted: false });
  expect(await one.told("error")).toMatchObject({ code: "aborted", detail: expect.stringContaining("did not react to Enter") as string });
  expect(await typing).toMatchObject({ exitCode: 69, stderr: expect.stringContaining("did not react to Enter within 5 s") as string });
});

test("Socket.IO /sessions: several attachments on one connection, the same rules", async () => {
  await using daemon = await startTestDaemon();
  const id = await openBash(daemon, "first");
  await openBash(daemon, "second");
  const socket = await connectSessions(daemon.url, daemon.key);
  const [first, second] = [await socket.attach({ id: "first" }), await socket.attach({ id: "second", readOnly: true, since: 0 })];
  second.send({ type: "input", data: "echo typed\r" });
  expect(await second.told("error")).toMatchObject({ code: "permissionDenied" });
  await converse(daemon, first, id);
  expect(await socket.refused({ id: "nobody" })).toMatchObject({ code: "notFound" });
  expect(await socket.refused({ id: "second", cols: 0 })).toMatchObject({
    code: "invalidArgument",
    detail: expect.stringContaining("cols") as string,
  });
  second.close();
  await second.closed;
  await until("its attachment is gone", async () => (await daemon.client.sessions.get({ id: "second" })).viewers === 0);
  const third = await socket.attach({ id: "second" });
  await third.told("attached");
  socket.close();
  await until("all attachments are gone", async () => (await daemon.client.sessions.get({ id: "second" })).viewers === 0);
  await expect(connectSessions(daemon.url, "gantry_wrong")).rejects.toThrow("key");
});

test("a client of gantry.json that never acknowledges is sent everything; one that stalls gets the screen", async () => {
  await using daemon = await startTestDaemon();
  const id = await openBash(daemon, "long");
  const simple = await attachAsJson(daemon.url, daemon.key, id, { since: "0" });
  const stalled = await attachAsJson(daemon.url, daemon.key, id, { since: "0" });
  await stalled.told("attached");
  stalled.send({ type: "ack", offset: 0 });
  simple.send({ type: "command", content: "seq -f 'line %.0f of a long output' 1 400000; echo all''-done" });
  await until("all of it has come", () => simple.text("stdout").includes("all-done"), Boolean, { timeoutMs: 60_000 });
  expect(simple.messages.some(({ type }) => type === "snapshot")).toBe(false);
  expect(simple.text("stdout").match(/line \d+ of/g)).toHaveLength(400_000);
  expect(stalled.text("stdout").length).toBeLessThan(2_000_000);
  const last = stalled.messages.findLast(({ type }) => type === "stdout");
  stalled.send({ type: "ack", offset: last?.nextOffset });
  await stalled.told("snapshot");
  expect(stalled.text("snapshot")).toContain("all-done");
  expect(await stalled.told("system")).toMatchObject({ message: expect.stringContaining("skipped") as string });
});

test("malformed binary messages are answered, and only a client of nonsense is let go", async () => {
  await using daemon = await startTestDaemon();
  const id = await openBash(daemon, "binary");
  const one = await attachOverWebSocket(daemon.url, daemon.key, id, { since: "0" });
  one.sendRaw(new Uint8Array([2, 0xff, 0xff, 0, 24]));
  await until("the size is refused", () =>
    one.messages.find((message) => message.type === "error" && message.value.detail.includes("65535x24")),
  );
  one.type("echo still-$((1+1))\r");
  await one.shows("still-2");
  for (let count = 0; count < 120; count += 1) one.sendRaw(new Uint8Array([0x7f]));
  await one.closed;
  expect((await daemon.client.sessions.get({ id })).state).toBe("active");
});

test("pipes: stdout and stderr apart, the end of input, an interrupt; in JSON and in the terminal", async () => {
  await using daemon = await startTestDaemon();
  const { sessionId: id } = await daemon.client.sessions.open({
    argv: ["sh", "-c", "cat; echo oops >&2; exit 5"],
    mode: "pipe",
    name: "lines",
  });
  const one = await attachAsJson(daemon.url, daemon.key, id);
  one.send({ type: "command", content: '{"ask":"ü"}' });
  await until("the line came back", () => one.text("stdout") === '{"ask":"ü"}\n');
  expect(await one.told("echo")).toMatchObject({ submitted: null });
  await expect(daemon.client.sessions.resize({ id, cols: 90, rows: 9 })).resolves.toMatchObject({ mode: "pipe" });
  one.send({ type: "end" });
  expect(await one.told("exit")).toMatchObject({ exitCode: 5 });
  expect(one.text("stderr")).toBe("oops\n");
  const caught = await daemon.client.sessions.open({
    argv: ["sh", "-c", "trap 'echo caught; exit 9' INT; echo set; while :; do sleep 0.05; done"],
    mode: "pipe",
  });
  const two = await attachAsJson(daemon.url, daemon.key, caught.sessionId);
  await until("the trap is set", () => two.text("stdout").includes("set"));
  two.send({ type: "interrupt" });
  expect(await two.told("exit")).toMatchObject({ exitCode: 9 });
  expect(
    await daemon.cli(["open", "--pipe", "--", "sh", "-c", "cat; echo oops >&2; exit 5"], { stdin: "through the pipe\n" }),
  ).toMatchObject({
    stdout: "through the pipe\n",
    stderr: expect.stringContaining("oops\n") as string,
    exitCode: 5,
  });
  expect((await daemon.cli(["sessions", "broadcast", "nobody", "hello"])).exitCode).toBe(64);
});

test("output as an operation: text, a stream that ends with the session, and one that is resumed", async () => {
  await using daemon = await startTestDaemon();
  const { sessions } = daemon.client;
  const { sessionId: id } = await sessions.open({
    argv: ["sh", "-c", "printf 'caf\\303'; sleep 0.2; printf '\\251\\n'; echo err >&2; read -r _; seq 1 200000; exit 4"],
    mode: "pipe",
  });
  await until("the first lines are there", async () => (await sessions.output({ id })).includes("err"));
  expect(await sessions.output({ id })).toBe("café\nerr\n");
  expect(await sessions.output({ id, since: 6 })).toBe("err\n");
  const request = (since: string) =>
    fetch(`${daemon.url}/sessions/${id}/output`, {
      headers: { authorization: `Bearer ${daemon.key}`, accept: "text/event-stream", "last-event-id": since },
    });
  const whole = request("0");
  await sessions.input({ id, text: "\n" });
  const events = (await (await whole).text())
    .split("\n")
    .filter((line) => line.startsWith("data: "))
    .map((line) => JSON.parse(line.slice(6)) as { type: string; data?: string; exitCode?: number });
  expect(events.at(-1)).toMatchObject({ type: "exit", state: "exited", exitCode: 4 });
  const stdout = events
    .filter(({ type }) => type === "stdout")
    .map(({ data }) => data)
    .join("");
  expect(stdout.startsWith("café\n1\n2\n")).toBe(true);
  expect(stdout.endsWith("\n199999\n200000\n")).toBe(true);
  expect(
    events
      .filter(({ type }) => type === "stderr")
      .map(({ data }) => data)
      .join(""),
  ).toBe("err\n");
  const rest = await (await request("1288890")).text();
  expect(rest).toContain("200000");
  expect(rest.length).toBeLessThan(2000);
});
