/** A Redis server of the benchmark's own, on a free port, with nothing on disk. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { endProcess } from "../relay/children.ts";

export async function startRedis(file: string): Promise<{ port: number; stop(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "gantry-redis-"));
  const port = await freePort();
  // Snapshots and the append-only file are off: that is quicker than what Gantry's history is held to, and to Redis's advantage here.
  const options = ["--port", String(port), "--bind", "127.0.0.1", "--dir", directory, "--save", "", "--appendonly", "no"];
  const server = spawn(file, options, { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: server.stdout })) if (line.includes("Ready to accept connections")) break;
  server.stdout.resume();
  return {
    port,
    async stop() {
      await endProcess(server);
      await rm(directory, { recursive: true });
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
