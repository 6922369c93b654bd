/** What Gantry takes while nothing happens: memory without sessions and for each, and processor time with a hundred of them. */
import { setTimeout as delay } from "node:timers/promises";

import { build } from "../scripts/build.ts";
import { defineBenchmark } from "./harness.ts";
import { builtDaemon } from "./relay/children.ts";
import { startTerminalServers } from "./terminal/contenders.ts";
import { cpuSeconds, footprint } from "./terminal/processes.ts";

const sessions = 100;
const linesEach = 1000;
const restMs = 20_000;
/** Two of the times at which the daemon looks whether it is idle and can give memory back. */
const settleMs = 25_000;

export default defineBenchmark({
  name: "session-footprint",
  summary: `memory of daemon and hosts, as published, with one idle session and with ${sessions}, each of ${linesEach} lines (what all map counted once); processor time over ${restMs / 1000} s`,
  rounds: 5,
  async prepare() {
    // As it is published: in a checkout Node itself turns types into spaces, which takes memory of its own.
    await build(["dashboard", "gantry"], true);
    const servers = await startTerminalServers("[sessions]\nmax = 200\n", builtDaemon);
    const { gantry, daemonPid } = servers;
    const open = () =>
      gantry.sessions.open({ argv: ["bash", "-c", `seq -f 'line %.0f of what it printed' ${linesEach}; exec cat`], cwd: "/" });
    const pids = async () => [daemonPid, ...(await gantry.sessions.hosts()).items.map(({ pid }) => pid as number)];
    await open();
    await delay(settleMs);
    const alone = footprint(await pids());
    for (let count = 1; count <= sessions; count += 1) await open();
    await delay(settleMs);
    return {
      contenders: {
        async gantry() {
          const all = await pids();
          const before = cpuSeconds(all);
          const begin = performance.now();
          await delay(restMs);
          const percent = ((cpuSeconds(all) - before) / ((performance.now() - begin) / 1000)) * 100;
          const full = footprint(all);
          return {
            aloneMB: alone.wholeMB,
            aloneProportionalMB: alone.proportionalMB,
            aloneResidentMB: alone.residentMB,
            eachMB: (full.wholeMB - alone.wholeMB) / sessions,
            eachProportionalMB: (full.proportionalMB - alone.proportionalMB) / sessions,
            eachResidentMB: (full.residentMB - alone.residentMB) / sessions,
            cpuPercent: percent,
            hosts: all.length - 1,
          };
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
