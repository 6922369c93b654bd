/** What Gantry takes while nothing happens: memory without sessions and for each, and processor time with a hundred of them. */
import { setTimeout as delay } from "node:timers/promises";

import { defineBenchmark } from "./harness.ts";
import { startTerminalServers } from "./terminal/contenders.ts";
import { cpuSeconds, memoryMB } from "./terminal/processes.ts";

const sessions = 100;
const linesEach = 1000;
const restMs = 20_000;

export default defineBenchmark({
  name: "session-footprint",
  summary: `memory of daemon and hosts with one idle session and with ${sessions}, each of ${linesEach} lines; processor time over ${restMs / 1000} s`,
  rounds: 5,
  async prepare() {
    const servers = await startTerminalServers("[sessions]\nmax = 200\n");
    const { gantry, daemonPid } = servers;
    const open = () =>
      gantry.sessions.open({ argv: ["bash", "-c", `seq -f 'line %.0f of what it printed' ${linesEach}; exec cat`], cwd: "/" });
    const pids = async () => [daemonPid, ...(await gantry.sessions.hosts()).items.map(({ pid }) => pid as number)];
    await open();
    await delay(3000);
    const aloneMB = memoryMB(await pids());
    for (let count = 1; count <= sessions; count += 1) await open();
    await delay(3000);
    return {
      contenders: {
        async gantry() {
          const all = await pids();
          const before = cpuSeconds(all);
          const begin = performance.now();
          await delay(restMs);
          const percent = ((cpuSeconds(all) - before) / ((performance.now() - begin) / 1000)) * 100;
          return { aloneMB, eachMB: (memoryMB(all) - aloneMB) / sessions, cpuPercent: percent, hosts: all.length - 1 };
        },
      },
      close: () => servers.close(),
    };
  },
  targets: [
    { what: "daemon and host, one idle session", value: (figures) => figures["gantry.aloneMB"] as number, atMost: 130, unit: "MB" },
    {
      what: "each idle session of 1,000 lines, its part of further hosts included",
      value: (figures) => figures["gantry.eachMB"] as number,
      atMost: 3,
      unit: "MB",
    },
    {
      what: "100 idle sessions, processor time of daemon and hosts",
      value: (figures) => figures["gantry.cpuPercent"] as number,
      atMost: 1,
      unit: "%",
    },
  ],
});
