/** Relayed calls against Moleculer over a local NATS server. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { natsServer } from "../test/support/not-run.ts";
import { freePort } from "./execute/redis.ts";
import { endProcess } from "./relay/children.ts";
import { compareWithMoleculer } from "./relay/compare-with-moleculer.ts";

export default compareWithMoleculer({
  name: "relay-moleculer-nats",
  type: "NATS",
  atLeast: 1.1,
  notRun: () => (natsServer.find() === undefined ? natsServer.absence : undefined),
  async prepare() {
    const port = await freePort();
    const server = spawn(natsServer.find() as string, ["-a", "127.0.0.1", "-p", String(port)], { stdio: ["ignore", "ignore", "pipe"] });
    for await (const line of createInterface({ input: server.stderr })) if (line.includes("Server is ready")) break;
    server.stderr.resume();
    return { ports: [port], stop: () => endProcess(server) };
  },
});
