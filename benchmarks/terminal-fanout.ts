/** One program's output to fifty clients at once, against node-pty and ws alone: how fast the program may print. */
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { sessionSubprotocol } from "@gantry/contract/session-protocol";

import { build } from "../scripts/build.ts";
import { defineBenchmark } from "./harness.ts";
import { builtDaemon, endProcess, startChild } from "./relay/children.ts";
import { startTerminalServers } from "./terminal/contenders.ts";
import type { CrowdResult, CrowdTask } from "./terminal/crowd.ts";
import { cpuSeconds } from "./terminal/processes.ts";
import { buildOutput } from "./terminal/text.ts";

const clients = 50;
const copies = 8;
const end = "~~the end~~";

export default defineBenchmark({
  name: "terminal-fanout",
  summary: `about ${copies} MB from one program to ${clients} clients over local WebSockets (MB per second that the program prints)`,
  rounds: 5,
  async prepare() {
    await build(["dashboard", "gantry"], true);
    const servers = await startTerminalServers("", builtDaemon);
    const folder = await mkdtemp(join(tmpdir(), "gantry-bench-"));
    const file = join(folder, "text");
    const text = buildOutput();
    await writeFile(file, text);
    const argv = ["bash", "-c", `read -rsn1; for i in $(seq ${copies}); do cat ${file}; done; echo '~~the'' end~~'; read -rsn1`];
    // The terminal makes CR LF of each LF.
    const bytes = copies * (Buffer.byteLength(text) + text.split("\n").length - 1) + end.length + 2;
    const { gantry, daemonPid, barePid, daemonUrl, key } = servers;
    const portOf = (url: string): number => Number(new URL(url).port);
    const flood = async (pid: number, at: Pick<CrowdTask, "port" | "path" | "headers" | "framed">) => {
      const task = { ...at, clients, bytes } satisfies CrowdTask;
      const { child } = await startChild("../terminal/crowd.ts", {}, [JSON.stringify(task)], "pipe");
      const answer = once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), "line") as Promise<[string]>;
      const before = cpuSeconds([pid]);
      child.stdin?.write("type\n");
      const { ms, snapshots } = JSON.parse((await answer)[0]) as CrowdResult;
      const cpuMs = (cpuSeconds([pid]) - before) * 1000;
      await endProcess(child);
      return { MBps: bytes / 1e3 / ms, snapshots, cpuMsPerMB: cpuMs / (bytes / 1e6) };
    };
    return {
      contenders: {
        async gantry() {
          const { sessionId } = await gantry.sessions.open({ argv, cwd: "/", settleMs: 0 });
          const headers = { authorization: `Bearer ${key}`, "sec-websocket-protocol": sessionSubprotocol };
          const path = `/ws/sessions/${sessionId}?since=0`;
          const measured = await flood(daemonPid, { port: portOf(daemonUrl), path, headers, framed: true });
          await gantry.sessions.kill({ id: sessionId });
          return measured;
        },
        async bare() {
          const query = new URLSearchParams([...argv.map((word): [string, string] => ["argv", word]), ["share", "fan"]]).toString();
          return flood(barePid, { port: portOf(servers.bareUrl), path: `/?${query}`, headers: {}, framed: false });
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
    {
      what: "the daemon's processor time for each MB printed",
      value: (figures) => figures["gantry.cpuMsPerMB"] as number,
      unit: "ms",
    },
    { what: "clients that were too slow and got a snapshot", value: (figures) => figures["gantry.snapshots"] as number, unit: "" },
  ],
});
