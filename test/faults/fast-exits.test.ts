/**
 * Programs that end at once, one after another and many at a time: no byte of their tail is lost, and no descriptor and no zombie is left.
 * GANTRY_FAULT_SPAWNS=10000 is the long form.
 */
import { readdirSync, readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { attachOverWebSocket } from "../support/attach.ts";
import { startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const spawns = Number(process.env.GANTRY_FAULT_SPAWNS ?? 120);
const atOnce = 12;

const descriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

function zombiesOf(parent: number): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "latin1");
        const [state, ppid] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return state === "Z" && Number(ppid) === parent ? [stat] : [];
      } catch {
        return [];
      }
    });
}

/** Half of them in terminals, half between pipes; every third with much to say at the end. */
async function runOne(daemon: TestDaemon, index: number): Promise<void> {
  const mode = index % 2 === 0 ? "pty" : "pipe";
  const size = index % 3 === 0 ? 100_000 : 10;
  const { sessionId } = await daemon.client.sessions.open({
    argv: ["sh", "-c", `head -c ${size} /dev/zero | tr '\\0' x; printf 'tail-${index}-end'; exit ${index % 100}`],
    mode,
    settleMs: 0,
  });
  const viewer = await attachOverWebSocket(daemon.url, daemon.key, sessionId, { since: "0" });
  expect(await viewer.exit).toMatchObject({ state: "exited", exitCode: index % 100, offset: size + `tail-${index}-end`.length });
  expect(viewer.text()).toBe(`${"x".repeat(size)}tail-${index}-end`);
  await viewer.closed;
}

test(
  `${spawns} programs that end at once`,
  async () => {
    await using daemon = await startTestDaemon({ config: "[sessions]\nmax = 100\n" });
    const { sessions } = daemon.client;
    await sessions.open({ argv: ["cat"], name: "stays" });
    const measure = async (): Promise<[daemon: number, host: number]> => {
      await sessions.cleanup({});
      const { items } = await sessions.hosts();
      expect(items).toHaveLength(1);
      return [descriptors(daemon.pid), descriptors(items[0]?.pid as number)];
    };
    await Promise.all(Array.from({ length: atOnce }, (_, index) => runOne(daemon, index)));
    const before = await measure();
    let next = atOnce;
    const lane = async (): Promise<void> => {
      while (next < spawns) await runOne(daemon, next++);
    };
    await Promise.all(Array.from({ length: atOnce }, lane));
    await until(
      "descriptors are as many as before",
      measure,
      // A connection or two of the test's own client may come and go.
      ([ofDaemon, ofHost]) => ofDaemon <= before[0] + 3 && ofHost <= before[1],
    );
    const [host] = (await sessions.hosts()).items;
    expect([...zombiesOf(host?.pid as number), ...zombiesOf(daemon.pid)]).toEqual([]);
    expect((await sessions.list({ live: true })).items).toMatchObject([{ name: "stays" }]);
  },
  Math.max(60_000, spawns * 200),
);
