/** POST /execute of a function that does nothing, in a warm worker and with durable history, against a bare Fastify + zod echo. */
import { startTestDaemon } from "../test/support/daemon.ts";
import { createHttpLoad } from "./execute/http-load.ts";
import { defineBenchmark } from "./harness.ts";
import { endProcess, startChild } from "./relay/children.ts";

const atOnce = 16;
const executionsPerRound = 8000;
const executionsAlone = 1500;

export default defineBenchmark({
  name: "execute",
  summary: "POST /execute, function command, durable history, 16 at once (per second) and one at a time (milliseconds)",
  async prepare() {
    const daemon = await startTestDaemon({
      config: `[commands]\nmodules = ["${new URL("../examples/commands/noop.ts", import.meta.url).pathname}"]\nmaxConcurrent = ${atOnce}\n`,
    });
    const bare = await startChild("../execute/bare-server.ts");
    const request = { path: "/execute", body: { command: "noop", input: {} } };
    const gantry = { ...request, url: daemon.url, key: daemon.key };
    const other = { ...request, url: `http://127.0.0.1:${bare.line}` };
    const loads = {
      gantry: await createHttpLoad({ ...gantry, connections: atOnce }),
      bare: await createHttpLoad({ ...other, connections: atOnce }),
    };
    return {
      contenders: {
        "gantry 16 at once": () => loads.gantry.rate(executionsPerRound),
        "bare 16 at once": () => loads.bare.rate(executionsPerRound),
        "gantry alone": () => loads.gantry.latencies(executionsAlone),
        "bare alone": () => loads.bare.latencies(executionsAlone),
      },
      async close() {
        for (const load of Object.values(loads)) load.close();
        await endProcess(bare.child);
        await daemon[Symbol.asyncDispose]();
      },
    };
  },
  targets: [
    { what: "execution alone, p50", value: (figures) => figures["gantry alone.p50Ms"] as number, atMost: 0.4, unit: "ms" },
    {
      what: "executions, 16 at once, share of a bare Fastify + zod echo that runs and stores nothing",
      value: (figures) => (figures["gantry 16 at once"] as number) / (figures["bare 16 at once"] as number),
      unit: "×",
    },
    {
      what: "executions, 16 at once (three times BullMQ 6 with a sandboxed processor as measured on two such cores)",
      value: (figures) => figures["gantry 16 at once"] as number,
      atLeast: 7200,
      unit: "/s",
    },
  ],
});
