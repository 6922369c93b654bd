import { once } from "node:events";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, afterEach, expect, test } from "vitest";

import { readOutputLog } from "../core/output-log.ts";
import { isAlive, startTimeOf } from "./process-tree.ts";
import { type ChildExit, type ChildSpec, createHostLink, type HostLink, type ScreenSnapshot } from "./link.ts";

const root = mkdtempSync(join(tmpdir(), "gantry-host-"));
const links: HostLink[] = [];
let count = 0;

function newDirectory(): string {
  count += 1;
  return join(root, String(count));
}

function openLink(directory = newDirectory()): HostLink {
  const quiet = { info: () => {}, warn: () => {} };
  const link = createHostLink({ directory, logFile: join(directory, "host.log"), version: "test", number: 1, log: quiet });
  links.push(link);
  return link;
}

afterEach(async () => {
  // Closed links of a shared host answer with an error, which is fine here.
  await Promise.all(links.splice(0).map((link) => link.shutdown(200).catch(() => link.close())));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const spec = (id: string, argv: string[], more: Partial<ChildSpec> = {}): ChildSpec => ({
  id,
  mode: "pty",
  argv,
  cwd: root,
  env: { PATH: process.env.PATH ?? "", HOME: root },
  ...more,
});

interface Watched {
  text(): string;
  snapshots: ScreenSnapshot[];
  next: number;
  /** Offsets did not join. */
  gaps: number;
  lost: boolean;
  exit: Promise<ChildExit>;
  until(done: (text: string) => boolean): Promise<void>;
  close(): void;
  pause(): void;
  resume(): void;
}

function watch(link: HostLink, id: string, since?: number): Watched {
  const pieces: Buffer[] = [];
  const waiting: { done: (text: string) => boolean; resolve: () => void }[] = [];
  let settleExit: (exit: ChildExit) => void = () => {};
  const text = (): string => Buffer.concat(pieces).toString();
  const watched = { snapshots: [] as ScreenSnapshot[], next: since ?? 0, gaps: 0, lost: false };
  const check = (): void => {
    for (const one of waiting) if (one.done(text())) one.resolve();
  };
  const exit = new Promise<ChildExit>((resolve) => (settleExit = resolve));
  const follow = link.follow(
    id,
    { since },
    {
      output({ offset, data }) {
        if (offset !== watched.next) watched.gaps += 1;
        watched.next = offset + data.length;
        pieces.push(Buffer.from(data));
        check();
      },
      snapshot(snapshot) {
        watched.snapshots.push(snapshot);
        watched.next = snapshot.offset;
        pieces.push(Buffer.from(snapshot.data));
        check();
      },
      exit: (value) => settleExit(value),
      lost: () => (watched.lost = true),
    },
  );
  return Object.assign(watched, {
    text,
    exit,
    until: (done: (text: string) => boolean) =>
      new Promise<void>((resolve) => {
        waiting.push({ done, resolve });
        check();
      }),
    close: () => follow.close(),
    pause: () => follow.pause(),
    resume: () => follow.resume(),
  });
}

async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { timeout: 10_000, interval: 10 }).toBe(true);
}

test("a program in a terminal echoes, resizes, and tells its exit code", async () => {
  const link = openLink();
  const status = await link.spawn(spec("ses_1", ["bash", "--norc"], { cols: 90, rows: 20 }));
  expect(status).toMatchObject({ state: "running", cols: 90, rows: 20 });
  const watched = watch(link, "ses_1", 0);
  link.write("ses_1", Buffer.from("stty size; echo $GANTRY_SESSION_ID\n"));
  await watched.until((text) => text.includes("20 90") && text.includes("\nses_1"));
  link.resize("ses_1", 100, 30);
  link.write("ses_1", Buffer.from("stty size; exit 7\n"));
  await watched.until((text) => text.includes("30 100"));
  expect(await watched.exit).toMatchObject({ code: 7, signal: null, reason: "exited" });
  expect(watched.gaps).toBe(0);
  expect((await link.list())[0]).toMatchObject({ state: "exited", exit: { code: 7 } });
  await link.forget("ses_1");
  expect(await link.list()).toEqual([]);
});

test("pipes keep stdout and stderr apart, and the log holds every byte", async () => {
  const link = openLink();
  const logFile = join(root, "out.log");
  await link.spawn(spec("exe_1", ["sh", "-c", "echo out; echo err >&2; cat; exit 3"], { mode: "pipe", stdin: "open", logFile }));
  const watched = watch(link, "exe_1");
  link.write("exe_1", Buffer.from("typed"));
  link.closeInput("exe_1");
  expect(await watched.exit).toMatchObject({ code: 3 });
  const streams: Record<number, string> = { 1: "", 2: "" };
  for await (const { stream, data } of readOutputLog(logFile)) streams[stream] += data.toString();
  expect(streams).toEqual({ 1: "out\ntyped", 2: "err\n" });
  expect(watched.text().length).toBe(13);
});

test("fast programs lose no byte of their tail", async () => {
  const link = openLink();
  const size = 100_000;
  const runs = Array.from({ length: 100 }, (_, index) => index);
  for (let at = 0; at < runs.length; at += 10) {
    await Promise.all(
      runs.slice(at, at + 10).map(async (index) => {
        const mode = index % 2 === 0 ? "pty" : "pipe";
        await link.spawn(spec(`exe_${index}`, ["head", "-c", String(size), "/dev/zero"], { mode }));
        const watched = watch(link, `exe_${index}`, 0);
        await watched.exit;
        expect([watched.next, watched.gaps]).toEqual([size, 0]);
        await link.forget(`exe_${index}`);
      }),
    );
  }
});

test("what cannot be started is told apart", async () => {
  const link = openLink();
  writeFileSync(join(root, "plain.txt"), "no program");
  const codeOf = (argv: string[], more: Partial<ChildSpec> = {}) =>
    link.spawn(spec("ses_bad", argv, more)).then(
      () => "started",
      (error: { code?: string }) => error.code,
    );
  expect(await codeOf(["no-such-program"])).toBe("programNotFound");
  expect(await codeOf([join(root, "plain.txt")])).toBe("cannotExecute");
  expect(await codeOf([root])).toBe("cannotExecute");
  expect(await codeOf(["bash"], { cwd: "/no/such/folder" })).toBe("invalidArgument");
  expect(await link.list()).toEqual([]);
});

test("a late follower gets a snapshot of the screen, then live output", async () => {
  const link = openLink();
  await link.spawn(spec("ses_late", ["bash", "--norc"]));
  const first = watch(link, "ses_late", 0);
  link.write("ses_late", Buffer.from("seq 1 3000; printf '\\033]0;my title\\007'; echo done-$((1+1))\n"));
  await first.until((text) => text.includes("done-2"));
  const late = watch(link, "ses_late");
  await late.until((text) => text.includes("done-2"));
  expect(late.snapshots).toHaveLength(1);
  expect(late.text()).toContain("\r\n2900");
  expect(late.text()).not.toContain("\r\n1500\r\n");
  link.write("ses_late", Buffer.from("echo more-$((2+2))\n"));
  await Promise.all([first, late].map((one) => one.until((text) => text.includes("more-4"))));
  expect([first.next, first.gaps, late.gaps]).toEqual([late.next, 0, 0]);
  expect(await link.screen("ses_late", "text")).toContain("more-4");
  expect((await link.list())[0]?.title).toBe("my title");
});

test("the host survives its daemon; the next one finds sessions, output, and exits", async () => {
  const directory = newDirectory();
  const link = openLink(directory);
  await link.spawn(spec("ses_stay", ["bash", "--norc"]));
  await link.spawn(spec("exe_gone", ["sh", "-c", "sleep 0.2; echo bye; exit 5"], { mode: "pipe" }));
  const watched = watch(link, "ses_stay", 0);
  link.write("ses_stay", Buffer.from("echo one-$((0+1))\n"));
  await watched.until((text) => text.includes("one-1"));
  await link.close();
  const next = openLink(directory);
  await expect
    .poll(async () => (await next.list()).map(({ id, state }) => [id, state]))
    .toEqual([
      ["ses_stay", "running"],
      ["exe_gone", "exited"],
    ]);
  const again = watch(next, "ses_stay", watched.next);
  next.write("ses_stay", Buffer.from("echo two-$((1+1))\n"));
  await again.until((text) => text.includes("two-2"));
  expect([again.snapshots.length, again.gaps]).toEqual([0, 0]);
  const ended = watch(next, "exe_gone", 0);
  expect(await ended.exit).toMatchObject({ code: 5 });
  expect(ended.text()).toBe("bye\n");
});

test("terminate leaves nothing of the tree, not even what left the session", async () => {
  const link = openLink();
  for (const mode of ["pty", "pipe"] as const) {
    const pids = join(root, `pids-${mode}`);
    const script = `trap '' TERM HUP; (setsid sh -c 'echo $$ >> ${pids}; sleep 300' &) ; (trap '' HUP TERM; echo $BASHPID >> ${pids}; while :; do sleep 1; done) & echo $$ >> ${pids}; while :; do sleep 1; done`;
    await link.spawn(spec(`ses_${mode}`, ["bash", "-c", script], { mode }));
    const list = (): number[] => {
      try {
        return readFileSync(pids, "utf8").trim().split("\n").map(Number);
      } catch {
        return [];
      }
    };
    await until(() => list().length === 3);
    const marks = list().map((pid) => ({ pid, startTime: startTimeOf(pid) ?? "" }));
    const exit = await link.terminate(`ses_${mode}`, { graceMs: 300 });
    expect(exit).toMatchObject({ signal: "SIGKILL", reason: "killed" });
    expect(marks.filter(isAlive)).toEqual([]);
  }
});

test("hostile sequences hold neither the screen nor another session up", async () => {
  const link = openLink();
  await link.spawn(spec("ses_calm", ["cat"]));
  const calm = watch(link, "ses_calm", 0);
  const attacks = ["b", "I", "L", "M", "S", "T", "Z", "@", "P", "X"].map((final) => `printf 'a\\033[2147483647${final}'`).join(";");
  const script = `${attacks}; printf '\\033]0;'; head -c 4000000 /dev/zero | tr '\\0' x; printf '\\007'; printf '\\033[2J\\033[Hsurvived'; read -r`;
  await link.spawn(spec("ses_evil", ["bash", "-c", script]));
  const evil = watch(link, "ses_evil");
  const times: number[] = [];
  for (let index = 0; index < 30; index += 1) {
    const startMs = performance.now();
    link.write("ses_calm", Buffer.from(`k${index}\n`));
    await calm.until((text) => text.includes(`k${index}\r\nk${index}\r\n`));
    times.push(performance.now() - startMs);
  }
  // Undefended, one of these takes 95 s.
  expect(Math.max(...times)).toBeLessThan(10_000);
  await evil.until(() => evil.next > 4_000_000);
  expect(await link.screen("ses_evil", "text")).toBe("survived\n");
});

test("a time limit holds", async () => {
  const link = openLink();
  await link.spawn(spec("exe_slow", ["sleep", "100"], { mode: "pipe", timeoutMs: 100, graceMs: 100 }));
  expect(await watch(link, "exe_slow").exit).toMatchObject({ reason: "timedOut", signal: "SIGTERM" });
});

test("kill -9 of the host ends its children and tells that they are lost", async () => {
  const directory = newDirectory();
  const link = openLink(directory);
  const shell = await link.spawn(spec("ses_a", ["bash", "-c", "trap '' HUP; while :; do sleep 1; done"]));
  const piped = await link.spawn(spec("exe_b", ["sleep", "1000"], { mode: "pipe" }));
  await link.spawn(spec("exe_c", ["true"], { mode: "pipe" }));
  await watch(link, "exe_c").exit;
  const lost: string[] = [];
  link.on("lost", (id) => lost.push(id));
  const watched = watch(link, "ses_a", 0);
  const marks = [shell, piped].map(({ pid }) => ({ pid, startTime: startTimeOf(pid) ?? "" }));
  const hostPid = Number(/"pid":(\d+)/.exec(readFileSync(join(directory, "host-1.journal"), "utf8"))?.[1]);
  process.kill(hostPid, "SIGKILL");
  await until(() => lost.length === 2 && watched.lost);
  await until(() => marks.filter(isAlive).length === 0);
  expect((await link.list()).map(({ id, exit }) => [id, exit?.code])).toEqual([["exe_c", 0]]);
  expect(await link.spawn(spec("ses_new", ["bash", "--norc"]))).toMatchObject({ state: "running" });
});

test("a connection that breaks, and breaks again, is made anew; a host that dies meanwhile is found dead", async () => {
  const directory = newDirectory();
  const first = openLink(directory);
  await first.spawn(spec("ses_a", ["cat"]));
  await first.close();
  // Stands between: what a dying host's socket does can be done at will.
  const socketPath = join(directory, "host-1.sock");
  renameSync(socketPath, join(directory, "behind.sock"));
  const taken = new Set<Socket>();
  let refused = 0;
  let open = true;
  const between = createServer((socket) => {
    socket.on("error", () => undefined);
    if (!open) {
      refused += 1;
      socket.destroy();
      return;
    }
    taken.add(socket);
    const behind = connect(join(directory, "behind.sock"));
    behind.on("error", () => undefined).on("close", () => socket.destroy());
    socket.pipe(behind).pipe(socket);
  }).listen(socketPath);
  const breakAll = () => {
    for (const socket of taken) socket.destroy();
    taken.clear();
  };
  try {
    await once(between, "listening");
    const link = openLink(directory);
    await link.list();
    const watched = watch(link, "ses_a", 0);
    link.write("ses_a", Buffer.from("one\r"));
    await watched.until((text) => text.includes("one\r\none"));

    open = false;
    breakAll();
    await until(() => refused >= 3);
    open = true;
    await until(() => taken.size > 0);
    await link.list();
    link.write("ses_a", Buffer.from("two\r"));
    await watched.until((text) => text.includes("two\r\ntwo"));
    expect([watched.gaps, watched.lost]).toEqual([0, false]);

    open = false;
    breakAll();
    const before = refused;
    await until(() => refused > before);
    const hostPid = Number(/"pid":(\d+)/.exec(readFileSync(join(directory, "host-1.journal"), "utf8"))?.[1]);
    process.kill(hostPid, "SIGKILL");
    await until(() => watched.lost);
  } finally {
    breakAll();
    between.close();
    rmSync(socketPath, { force: true });
  }
});

test("a flood holds nobody up, and a paused follower resumes without a gap or with a snapshot", async () => {
  const link = openLink();
  await link.spawn(spec("ses_flood", ["yes"]));
  await link.spawn(spec("ses_echo", ["cat"]));
  const flood = watch(link, "ses_flood", 0);
  const echo = watch(link, "ses_echo", 0);
  await flood.until(() => flood.next > 2_000_000);
  flood.pause();
  for (let index = 0; index < 20; index += 1) {
    link.write("ses_echo", Buffer.from(`ping${index}\n`));
    await echo.until((text) => text.includes(`ping${index}\r\nping${index}\r\n`));
  }
  flood.resume();
  const before = flood.next;
  await flood.until(() => flood.next > before + 6_000_000);
  expect(flood.gaps).toBe(0);
});

test("followers that pause again and again during a flood miss nothing, or start from a snapshot", async () => {
  const link = openLink();
  await link.spawn(spec("ses_many", ["bash", "-c", "read -r; seq 1 300000; echo the''-end; read -r"]));
  const all = [0, 1, 2, 3].map(() => watch(link, "ses_many", 0));
  const pauses = setInterval(() => {
    const one = all[Math.floor(Math.random() * 3)];
    one?.pause();
    setImmediate(() => one?.resume());
  }, 1);
  link.write("ses_many", Buffer.from("\r"));
  await Promise.all(all.map((one) => one.until((text) => text.endsWith("the-end\r\n"))));
  clearInterval(pauses);
  for (const one of all) {
    expect(one.gaps).toBe(0);
    expect(one.snapshots.length > 0 || one.text().split("\n").length === 300_003).toBe(true);
  }
  const { exit } = watch(link, "ses_many", 0);
  await link.terminate("ses_many");
  expect((await exit).reason).toBe("killed");
  for (const one of all) expect(await one.exit).toMatchObject({ reason: "killed" });
});
