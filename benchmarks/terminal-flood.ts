/** Ten sessions that print without end: how much later do others' keystrokes come back, and how much memory does the daemon take. */
import { readFile } from "node:fs/promises";

import { defineBenchmark } from "./harness.ts";
import { startTerminalServers } from "./terminal/contenders.ts";
import { createEcho } from "./terminal/echo.ts";

const floods = 10;
const keysPerRound = 200;

export default defineBenchmark({
  name: "terminal-flood",
  summary: `one key at a time to a terminal while ${floods - 1} other sessions run \`yes\`, one of them watched (milliseconds, MB)`,
  async prepare() {
    const servers = await startTerminalServers();
    const { pid } = await servers.gantry.instances.status();
    const echo = createEcho(await servers.openGantry(["cat"]), keysPerRound);
    const watched = await servers.openGantry(["yes"]);
    watched.onOutput(() => undefined);
    for (let index = 2; index < floods; index += 1) await servers.gantry.sessions.open({ argv: ["yes"], cwd: "/" });
    const residentMB = async () => Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1]) / 1000;
    return {
      contenders: {
        async gantry() {
          const before = await residentMB();
          return { ...(await echo()), grownMB: (await residentMB()) - before };
        },
      },
      close: () => servers.close(),
    };
  },
  targets: [
    { what: "echo p50 beside the flood", value: (figures) => figures["gantry.p50Ms"] as number, atMost: 50, unit: "ms" },
    { what: "echo p99 beside the flood", value: (figures) => figures["gantry.p99Ms"] as number, atMost: 100, unit: "ms" },
    { what: "the daemon's memory, grown in a round", value: (figures) => figures["gantry.grownMB"] as number, atMost: 20, unit: "MB" },
  ],
});
