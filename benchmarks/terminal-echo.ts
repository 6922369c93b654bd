/** The time from a keystroke to its echo, through browser protocol, daemon, process host, and terminal, against node-pty and ws alone. */
import { defineBenchmark, percentile } from "./harness.ts";
import { startTerminalServers, type Terminal } from "./terminal/contenders.ts";

const keysPerRound = 500;

export default defineBenchmark({
  name: "terminal-echo",
  summary: "one key at a time to a program in a terminal over a local WebSocket, until its echo has come back (milliseconds)",
  unit: "ms",
  async prepare() {
    const servers = await startTerminalServers();
    const terminals = { gantry: await servers.openGantry(["cat"]), bare: await servers.openBare(["cat"]) };
    const [gantry, bare] = [createEcho(terminals.gantry), createEcho(terminals.bare)];
    return {
      contenders: { gantry, bare },
      async close() {
        await Promise.all(Object.values(terminals).map((terminal) => terminal.close()));
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

function createEcho(terminal: Terminal): () => Promise<Record<string, number>> {
  let arrived: () => void = () => {};
  terminal.onOutput(() => arrived());
  return () => echo(terminal, (listener) => (arrived = listener));
}

async function echo(terminal: Terminal, onArrival: (listener: () => void) => void): Promise<Record<string, number>> {
  const taken: number[] = [];
  for (let index = 0; index < keysPerRound; index += 1) {
    const begin = performance.now();
    await new Promise<void>((resolve) => {
      onArrival(resolve);
      // A terminal in line mode takes 4,095 characters: now and then the line is ended, which echoes as well.
      terminal.type(index % 80 === 79 ? "\u0015" : "x");
    });
    taken.push(performance.now() - begin);
  }
  return { p50Ms: percentile(taken, 0.5), p95Ms: percentile(taken, 0.95), p99Ms: percentile(taken, 0.99) };
}
