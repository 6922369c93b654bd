/** POST /execute of a command whose result is cached, against running the same command each time, over HTTP. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startTestDaemon } from "../test/support/daemon.ts";
import { repository } from "../test/support/repository.ts";
import { createHttpLoad } from "./execute/http-load.ts";
import { defineBenchmark } from "./harness.ts";

const atOnce = 16;
const repliesPerRound = 6000;
const runsPerRound = 3000;
const repliesAlone = 1000;

const moduleText = `
import { defineCommand } from ${JSON.stringify(`${repository}/packages/client/src/command/index.ts`)};
export default defineCommand({
  name: "lookup", summary: "Look something up", cache: { ttlMs: 3_600_000, files: ["table-*.json"], env: ["LANG"] },
  run() { console.log("found"); return { rows: [1, 2, 3], note: "x".repeat(200) }; },
});
`;

export default defineBenchmark({
  name: "cached-replies",
  summary:
    "POST /execute answered from the cache (two declared files, one variable) and by running the same function, 16 at once (per second) and alone (milliseconds)",
  async prepare() {
    const folder = await mkdtemp(join(tmpdir(), "gantry-cached-"));
    await writeFile(join(folder, "lookup.mjs"), moduleText);
    const daemon = await startTestDaemon({ config: `[commands]\nmodules = ["${folder}/lookup.mjs"]\nmaxConcurrent = ${atOnce}\n` });
    for (const name of ["table-a.json", "table-b.json"]) await writeFile(join(daemon.folder, name), JSON.stringify({ name }).repeat(1000));
    const load = async (cache: "use" | "bypass") => {
      const body = { command: "lookup", input: {}, cache };
      return createHttpLoad({ url: daemon.url, key: daemon.key, path: "/execute", body, connections: atOnce });
    };
    const loads = { cached: await load("use"), run: await load("bypass") };
    return {
      contenders: {
        "cached 16 at once": () => loads.cached.rate(repliesPerRound),
        "run 16 at once": () => loads.run.rate(runsPerRound),
        "cached alone": () => loads.cached.latencies(repliesAlone),
        "run alone": () => loads.run.latencies(repliesAlone),
      },
      async close() {
        await daemon[Symbol.asyncDispose]();
        await rm(folder, { recursive: true });
      },
    };
  },
  targets: [
    {
      what: "cached replies, 16 at once, times running the same function",
      value: (figures) => (figures["cached 16 at once"] as number) / (figures["run 16 at once"] as number),
      atLeast: 1,
      unit: "×",
    },
    {
      what: "a cached reply alone, p50, share of a run",
      value: (figures) => (figures["cached alone.p50Ms"] as number) / (figures["run alone.p50Ms"] as number),
      atMost: 1,
      unit: "×",
    },
  ],
});
