/** The time from a keystroke to its echo, through browser protocol, daemon, process host, and terminal, against node-pty and ws alone. */
import { defineBenchmark } from "./harness.ts";
import { startTerminalServers } from "./terminal/contenders.ts";
import { createEcho } from "./terminal/echo.ts";
import { startVibeTunnel } from "./terminal/vibetunnel.ts";

export default defineBenchmark({
  name: "terminal-echo",
  summary: "one key at a time to a program in a terminal over a local WebSocket, until its echo has come back (milliseconds)",
  unit: "ms",
  async prepare() {
    const servers = await startTerminalServers();
    const terminals = { gantry: await servers.openGantry(["cat"]), bare: await servers.openBare(["cat"]) };
    const [gantry, bare] = [createEcho(terminals.gantry), createEcho(terminals.bare)];
    const peer = await startVibeTunnel();
    // Its echo is some twenty times as slow.
    const vibetunnel: Record<string, ReturnType<typeof createEcho>> = peer === undefined
      ? {}
      : { vibetunnel: createEcho(await peer.open(["cat"]), 100) };
    return {
      contenders: { gantry, bare, ...vibetunnel },
      async close() {
        await Promise.all(Object.values(terminals).map((terminal) => terminal.close()));
        await peer?.close();
        await servers.close();
      },
    };
  },
  targets: [
    { what: "echo p50", value: (figures) => figures["gantry.p50Ms"] as number, atMost: 1, unit: "ms" },
    { what: "echo p95", value: (figures) => figures["gantry.p95Ms"] as number, atMost: 3, unit: "ms" },
    { what: "echo p99", value: (figures) => figures["gantry.p99Ms"] as number, atMost: 6, unit: "ms" },
    {
      what: "echo p50, times node-pty and ws alone",
      value: (figures) => (figures["gantry.p50Ms"] as number) / (figures["bare.p50Ms"] as number),
      atMost: 2,
      unit: "×",
    },
  ],
});
