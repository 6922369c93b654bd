/** A thousand viewers come at once: how long until all are attached, and what each takes, against ws alone. */
import { defineBenchmark } from "./harness.ts";
import { startTerminalServers, type Terminal } from "./terminal/contenders.ts";
import { memoryMB } from "./terminal/processes.ts";

const viewers = 1000;

export default defineBenchmark({
  name: "session-viewers",
  summary: `${viewers} WebSocket viewers of one session connect at once (milliseconds until all are attached, kB of the server for each)`,
  rounds: 5,
  async prepare() {
    const servers = await startTerminalServers();
    const { gantry, daemonPid, barePid } = servers;
    const { sessionId } = await gantry.sessions.open({ argv: ["cat"], cwd: "/" });
    const holder = await servers.shareBare("crowd", ["cat"]);
    const crowd = async (pid: number, connect: () => Promise<Terminal>) => {
      const before = memoryMB([pid]);
      const begin = performance.now();
      const terminals = await Promise.all(Array.from({ length: viewers }, connect));
      const ms = performance.now() - begin;
      const kB = ((memoryMB([pid]) - before) * 1000) / viewers;
      await Promise.all(terminals.map((terminal) => terminal.close()));
      return { ms, kB };
    };
    return {
      contenders: {
        gantry: () => crowd(daemonPid, () => servers.attachGantry(sessionId, { since: "0" })),
        bare: () => crowd(barePid, () => servers.shareBare("crowd", ["cat"])),
      },
      async close() {
        await holder.close();
        await servers.close();
      },
    };
  },
  targets: [
    { what: "all attached", value: (figures) => figures["gantry.ms"] as number, atMost: 3000, unit: "ms" },
    { what: "each, in the daemon", value: (figures) => figures["gantry.kB"] as number, atMost: 100, unit: "kB" },
    { what: "time, times ws alone", value: (figures) => (figures["gantry.ms"] as number) / (figures["bare.ms"] as number), unit: "×" },
  ],
});
