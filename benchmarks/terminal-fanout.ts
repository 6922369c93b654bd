/** One program's output to fifty clients at once, against node-pty and ws alone: how fast the program may print. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { defineBenchmark } from "./harness.ts";
import { startTerminalServers, type Terminal, waitFor } from "./terminal/contenders.ts";
import { buildOutput } from "./terminal/text.ts";

const clients = 50;
const copies = 8;
const end = "~~the end~~";

export default defineBenchmark({
  name: "terminal-fanout",
  summary: `about ${copies} MB from one program to ${clients} clients over local WebSockets (MB per second that the program prints)`,
  unit: "MB/s",
  rounds: 5,
  async prepare() {
    const servers = await startTerminalServers();
    const folder = await mkdtemp(join(tmpdir(), "gantry-bench-"));
    const file = join(folder, "text");
    await writeFile(file, buildOutput());
    const argv = ["bash", "-c", `read -rsn1; for i in $(seq ${copies}); do cat ${file}; done; echo '~~the'' end~~'; read -rsn1`];
    const { gantry } = servers;
    return {
      contenders: {
        async gantry() {
          const { sessionId } = await gantry.sessions.open({ argv, cwd: "/", settleMs: 0 });
          const terminals = await Promise.all(Array.from({ length: clients }, () => servers.attachGantry(sessionId, { since: "0" })));
          const measured = await flood(terminals);
          await gantry.sessions.kill({ id: sessionId });
          return measured;
        },
        async bare() {
          const first = await servers.shareBare("fan", argv);
          const others = await Promise.all(Array.from({ length: clients - 1 }, () => servers.shareBare("fan", argv)));
          return flood([first, ...others]);
        },
      },
      async close() {
        await servers.close();
        await rm(folder, { recursive: true });
      },
    };
  },
  targets: [
    { what: "input side, 50 clients", value: (figures) => figures["gantry.MBps"] as number, atLeast: 10, unit: "MB/s" },
    {
      what: "share of node-pty and ws alone",
      value: (figures) => (figures["gantry.MBps"] as number) / (figures["bare.MBps"] as number),
      unit: "×",
    },
    { what: "clients that were too slow and got a snapshot", value: (figures) => figures["gantry.snapshots"] as number, unit: "" },
  ],
});

async function flood(terminals: Terminal[]): Promise<Record<string, number>> {
  const finished = Promise.all(terminals.map((terminal) => waitFor(terminal, end)));
  const begin = performance.now();
  (terminals[0] as Terminal).type("g");
  await finished;
  const seconds = (performance.now() - begin) / 1000;
  const printed = Math.max(...terminals.map(({ receivedBytes }) => receivedBytes));
  const snapshots = terminals.reduce((sum, terminal) => sum + terminal.snapshots, 0);
  await Promise.all(terminals.map((terminal) => terminal.close()));
  return { MBps: printed / 1e6 / seconds, snapshots };
}
