/** kill -9 of a process host: how long until all of its sessions are told as lost, and its execution as interrupted. */
import { existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

import { defineBenchmark } from "./harness.ts";
import { startTerminalServers } from "./terminal/contenders.ts";

const sessions = 31;
const pollMs = 5;

export default defineBenchmark({
  name: "session-host-kill",
  summary: `kill -9 a process host with ${sessions} sessions and an execution, until each is told as lost or interrupted (milliseconds)`,
  unit: "ms",
  rounds: 5,
  async prepare() {
    const servers = await startTerminalServers('[sessions]\nmax = 100\n\n[command.long]\nargv = ["sleep", "1000"]\n');
    const { gantry } = servers;
    return {
      contenders: {
        async gantry() {
          const { executionId } = await gantry.executions.execute({ command: "long", wait: false });
          await until(async () => (await gantry.executions.get({ id: executionId })).state === "running");
          const opened: { sessionId: string; pid: number | null }[] = [];
          for (let index = 0; index < sessions; index += 1)
            opened.push(await gantry.sessions.open({ argv: ["cat"], cwd: "/", settleMs: 0 }));
          const ids = new Set(opened.map(({ sessionId }) => sessionId));
          const watching = await servers.attachGantry(opened[0]?.sessionId as string);
          const [host] = (await gantry.sessions.hosts()).items;
          const begin = performance.now();
          process.kill(host?.pid as number, "SIGKILL");
          const passed = (work: Promise<unknown>) => work.then(() => performance.now() - begin);
          const [toldMs, lostMs, interruptedMs, goneMs] = await Promise.all([
            passed(watching.ended),
            passed(
              until(
                async () =>
                  (await gantry.sessions.list({ state: "lost", limit: 200 })).items.filter((one) => ids.has(one.sessionId)).length ===
                  sessions,
              ),
            ),
            passed(until(async () => (await gantry.executions.get({ id: executionId })).state === "interrupted")),
            passed(until(async () => opened.every(({ pid }) => !existsSync(`/proc/${pid}/cwd`)))),
          ]);
          return { toldMs, lostMs, interruptedMs, goneMs };
        },
      },
      close: () => servers.close(),
    };
  },
  targets: [
    { what: "an attached client told", value: (figures) => figures["gantry.toldMs"] as number, atMost: 1000, unit: "ms" },
    { what: "all sessions lost", value: (figures) => figures["gantry.lostMs"] as number, atMost: 1000, unit: "ms" },
    { what: "the execution interrupted", value: (figures) => figures["gantry.interruptedMs"] as number, atMost: 1000, unit: "ms" },
    { what: "nothing left of what it ran", value: (figures) => figures["gantry.goneMs"] as number, unit: "ms" },
  ],
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(pollMs);
}
