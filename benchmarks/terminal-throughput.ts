/** How fast a program's output reaches one client, with the headless screen of the host keeping up, against node-pty and ws alone. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { defineBenchmark } from "./harness.ts";
import { startTerminalServers, type Terminal, waitFor } from "./terminal/contenders.ts";
import { buildOutput } from "./terminal/text.ts";
import { startVibeTunnel } from "./terminal/vibetunnel.ts";

/** Less than a recording holds. */
const copies = 20;
const end = "~~the end~~";

export default defineBenchmark({
  name: "terminal-throughput",
  summary: `about ${copies} MB of coloured text from a program in a terminal to one client over a local WebSocket (MB per second)`,
  unit: "MB/s",
  async prepare() {
    const servers = await startTerminalServers();
    const recording = await startTerminalServers("[sessions]\nrecord = true\nrecordLimitBytes = 24000000\n");
    const peer = await startVibeTunnel();
    const folder = await mkdtemp(join(tmpdir(), "gantry-bench-"));
    const file = join(folder, "text");
    await writeFile(file, buildOutput());
    // The program waits for a key, so that the client is there before the flood; the end is not in its command line as it is printed.
    const argv = ["bash", "-c", `read -rsn1; for i in $(seq ${copies}); do cat ${file}; done; echo '~~the'' end~~'; read -rsn1`];
    return {
      contenders: {
        gantry: () => flood(servers.openGantry(argv)),
        recorded: () => flood(recording.openGantry(argv)),
        bare: () => flood(servers.openBare(argv)),
        ...(peer === undefined ? {} : { vibetunnel: () => flood(peer.open(argv)) }),
      },
      async close() {
        await peer?.close();
        await servers.close();
        await recording.close();
        await rm(folder, { recursive: true });
      },
    };
  },
  targets: [
    { what: "throughput with the screen kept", value: (figures) => figures["gantry.MBps"] as number, atLeast: 20, unit: "MB/s" },
    {
      what: "throughput with the screen and a recording",
      value: (figures) => figures["recorded.MBps"] as number,
      atLeast: 20,
      unit: "MB/s",
    },
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
