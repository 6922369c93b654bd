/** A function that does nothing, in a warm worker and with durable history, against the same work through BullMQ 6 and a bare Fastify + zod echo. */
import { createClient } from "@gantry/client";

import { startTestDaemon } from "../test/support/daemon.ts";
import { redisServer } from "../test/support/not-run.ts";
import { startBullMq } from "./execute/bullmq.ts";
import { createHttpLoad } from "./execute/http-load.ts";
import { startRedis } from "./execute/redis.ts";
import { defineBenchmark, percentile, rate, timeMs } from "./harness.ts";
import { endProcess, startChild } from "./relay/children.ts";

const atOnce = 16;
const executionsPerRound = 8000;
const jobsPerRound = 3000;
const executionsAlone = 1000;

export default defineBenchmark({
  name: "execute",
  summary:
    "a function command in a worker, durable history, 16 at once (per second) and one at a time (milliseconds): POST /execute by a load of node:net, client.execute, and BullMQ's sandboxed processor waited for by its own client, all from this process",
  notRun: () => (redisServer.find() === undefined ? redisServer.absence : undefined),
  async prepare() {
    const daemon = await startTestDaemon({
      config: `[commands]\nmodules = ["${new URL("../examples/commands/noop.ts", import.meta.url).pathname}"]\nmaxConcurrent = ${atOnce}\n`,
    });
    const bare = await startChild("../execute/bare-server.ts");
    const redis = await startRedis(redisServer.find() as string);
    const bullMq = await startBullMq(redis.port);
    const request = { path: "/execute", body: { command: "noop", input: {} } };
    const gantry = { ...request, url: daemon.url, key: daemon.key };
    const other = { ...request, url: `http://127.0.0.1:${bare.line}` };
    const loads = {
      gantry: createHttpLoad({ ...gantry, connections: atOnce }),
      bare: createHttpLoad({ ...other, connections: atOnce }),
    };
    const client = createClient({ url: daemon.url, key: daemon.key });
    const throughClient = () => client.execute({ command: "noop", input: {} });
    return {
      contenders: {
        "gantry 16 at once": () => loads.gantry.rate(executionsPerRound),
        "client 16 at once": () => rate(jobsPerRound, atOnce, throughClient),
        "bullmq 16 at once": () => rate(jobsPerRound, atOnce, bullMq.run),
        "bare 16 at once": () => loads.bare.rate(executionsPerRound),
        "gantry alone": () => loads.gantry.latencies(executionsAlone),
        "client alone": () => latencies(throughClient),
        "bullmq alone": () => latencies(bullMq.run),
        "bare alone": () => loads.bare.latencies(executionsAlone),
      },
      async close() {
        await bullMq.close();
        await redis.stop();
        await endProcess(bare.child);
        await daemon[Symbol.asyncDispose]();
      },
    };
  },
  targets: [
    {
      what: "POST /execute, 16 at once, times BullMQ 6 with a sandboxed processor",
      value: (figures) => (figures["gantry 16 at once"] as number) / (figures["bullmq 16 at once"] as number),
      atLeast: 3,
      unit: "×",
    },
    {
      what: "client.execute, 16 at once, times BullMQ 6 with a sandboxed processor",
      value: (figures) => (figures["client 16 at once"] as number) / (figures["bullmq 16 at once"] as number),
      unit: "×",
    },
    { what: "POST /execute alone, p50", value: (figures) => figures["gantry alone.p50Ms"] as number, atMost: 0.4, unit: "ms" },
    {
      what: "POST /execute, 16 at once, share of a bare Fastify + zod echo that runs and stores nothing",
      value: (figures) => (figures["gantry 16 at once"] as number) / (figures["bare 16 at once"] as number),
      unit: "×",
    },
  ],
});

async function latencies(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const taken: number[] = [];
  for (let count = 0; count < executionsAlone; count += 1) taken.push(await timeMs(work));
  return { p50Ms: percentile(taken, 0.5), p99Ms: percentile(taken, 0.99) };
}
