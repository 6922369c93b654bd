/** Programs that end at once, sixteen at a time: how many a second, and whether anything is left of them. */
import { readdirSync } from "node:fs";

import { spawn } from "@lydell/node-pty";

import { defineBenchmark, rate } from "./harness.ts";
import { startTerminalServers } from "./terminal/contenders.ts";

const exits = 500;
const atOnce = 16;

export default defineBenchmark({
  name: "session-exits",
  summary: `${exits} sessions whose program ends at once, ${atOnce} at a time (per second), against node-pty alone; all rounds together are 3,000`,
  unit: "/s",
  rounds: 5,
  async prepare() {
    const servers = await startTerminalServers("[sessions]\nmax = 200\n");
    const { gantry } = servers;
    await gantry.sessions.open({ argv: ["cat"], cwd: "/" });
    const descriptors = async () => {
      await gantry.sessions.cleanup({});
      const hosts = (await gantry.sessions.hosts()).items.map(({ pid }) => pid as number);
      return hosts.reduce((sum, pid) => sum + readdirSync(`/proc/${pid}/fd`).length, 0);
    };
    const before = await descriptors();
    return {
      contenders: {
        async gantry() {
          let failed = 0;
          const perSecond = await rate(exits, atOnce, async () => {
            const { exitCode } = await gantry.sessions.open({ argv: ["sh", "-c", "exit 0"], cwd: "/", settleMs: 10_000 });
            if (exitCode !== 0) failed += 1;
          });
          return { perSecond, failed, descriptorsLeft: (await descriptors()) - before };
        },
        bare: async () => ({
          perSecond: await rate(
            exits,
            atOnce,
            () =>
              new Promise<void>((resolve) => spawn("sh", ["-c", "exit 0"], { cols: 80, rows: 24, encoding: null }).onExit(() => resolve())),
          ),
        }),
      },
      close: () => servers.close(),
    };
  },
  targets: [
    { what: "sessions opened and ended", value: (figures) => figures["gantry.perSecond"] as number, unit: "/s" },
    {
      what: "share of node-pty alone",
      value: (figures) => (figures["gantry.perSecond"] as number) / (figures["bare.perSecond"] as number),
      unit: "×",
    },
    { what: "exit codes not told", value: (figures) => figures["gantry.failed"] as number, atMost: 0, unit: "" },
    { what: "descriptors left in the host", value: (figures) => figures["gantry.descriptorsLeft"] as number, atMost: 0, unit: "" },
  ],
});
