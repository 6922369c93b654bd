/** Opening a session, and joining one late: how long until the client has a painted screen, and how much it is sent. */
import { defineBenchmark, percentile } from "./harness.ts";
import { startTerminalServers, type TerminalServers, waitFor } from "./terminal/contenders.ts";

const sessionsPerRound = 20;
const historyBytes = 20_000_000;

export default defineBenchmark({
  name: "terminal-sessions",
  summary: `open a session (milliseconds until it runs), and attach to one that has printed ${historyBytes / 1e6} MB (milliseconds, bytes)`,
  async prepare() {
    const servers = await startTerminalServers();
    const busy = await servers.gantry.sessions.open({
      argv: ["bash", "-c", `seq -f 'line %g of a long history with some words in it' 1 400000; echo all''-printed; read -r`],
      cwd: "/",
    });
    const first = await servers.attachGantry(busy.sessionId, { since: "0" });
    await waitFor(first, "all-printed");
    await first.close();
    return {
      contenders: { open: () => open(servers), join: () => join(servers, busy.sessionId) },
      close: () => servers.close(),
    };
  },
  targets: [
    { what: "open a session, p50", value: (figures) => figures["open.p50Ms"] as number, atMost: 15, unit: "ms" },
    { what: "open a session, p99", value: (figures) => figures["open.p99Ms"] as number, atMost: 50, unit: "ms" },
    { what: "late join until the screen is there", value: (figures) => figures["join.ms"] as number, atMost: 50, unit: "ms" },
    { what: "late join, sent", value: (figures) => figures["join.kB"] as number, atMost: 150, unit: "kB" },
  ],
});

async function open({ gantry }: TerminalServers): Promise<Record<string, number>> {
  const taken: number[] = [];
  for (let index = 0; index < sessionsPerRound; index += 1) {
    const begin = performance.now();
    const { sessionId } = await gantry.sessions.open({ argv: ["cat"], cwd: "/", settleMs: 0 });
    taken.push(performance.now() - begin);
    await gantry.sessions.kill({ id: sessionId });
  }
  return { p50Ms: percentile(taken, 0.5), p99Ms: percentile(taken, 0.99) };
}

async function join({ attachGantry }: TerminalServers, id: string): Promise<Record<string, number>> {
  const begin = performance.now();
  const terminal = await attachGantry(id);
  await waitFor(terminal, "all-printed");
  const ms = performance.now() - begin;
  const kB = terminal.receivedBytes / 1000;
  await terminal.close();
  return { ms, kB };
}
