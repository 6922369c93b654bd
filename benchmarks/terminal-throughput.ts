/** How fast a program's output reaches one client, with the headless screen of the host keeping up, against node-pty and ws alone. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { defineBenchmark } from "./harness.ts";
import { startTerminalServers, type Terminal, waitFor } from "./terminal/contenders.ts";

const copies = 40;
const end = "~~the end~~";

export default defineBenchmark({
  name: "terminal-throughput",
  summary: `about ${copies} MB of coloured text from a program in a terminal to one client over a local WebSocket (MB per second)`,
  unit: "MB/s",
  async prepare() {
    const servers = await startTerminalServers();
    const folder = await mkdtemp(join(tmpdir(), "gantry-bench-"));
    const file = join(folder, "text");
    await writeFile(file, text());
    // The program waits for a key, so that the client is there before the flood; the end is not in its command line as it is printed.
    const argv = ["bash", "-c", `read -rsn1; for i in $(seq ${copies}); do cat ${file}; done; echo '~~the'' end~~'; read -rsn1`];
    return {
      contenders: {
        gantry: () => flood(servers.openGantry(argv)),
        bare: () => flood(servers.openBare(argv)),
      },
      async close() {
        await servers.close();
        await rm(folder, { recursive: true });
      },
    };
  },
  targets: [
    { what: "throughput with the screen kept", value: (figures) => figures["gantry.MBps"] as number, atLeast: 20, unit: "MB/s" },
    {
      what: "throughput, share of node-pty and ws alone",
      value: (figures) => (figures["gantry.MBps"] as number) / (figures["bare.MBps"] as number),
      unit: "×",
    },
    {
      what: "times the client was too slow and got a snapshot",
      value: (figures) => figures["gantry.snapshots"] as number,
      atMost: 0,
      unit: "",
    },
  ],
});

async function flood(opening: Promise<Terminal>): Promise<Record<string, number>> {
  const terminal = await opening;
  const finished = waitFor(terminal, end);
  const begin = performance.now();
  terminal.type("g");
  await finished;
  const seconds = (performance.now() - begin) / 1000;
  const { receivedBytes, snapshots } = terminal;
  await terminal.close();
  return { MBps: receivedBytes / 1e6 / seconds, snapshots };
}

/** About 1 MB as a build prints it: some colour, some longer lines, some UTF-8. */
function text(): string {
  const lines = Array.from({ length: 12_000 }, (_, index) => {
    const path = `packages/daemon/src/room-${index % 37}/file-${index % 101}.ts`;
    return `\u001b[2m${String(index).padStart(6)}\u001b[0m \u001b[32m✓\u001b[0m ${path} \u001b[33m${(index * 7919) % 1000} ms\u001b[0m compiled`;
  });
  return `${lines.join("\n")}\n`;
}
