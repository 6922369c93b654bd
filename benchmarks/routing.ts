/** examples/commander-app as a whole process, routed to a warm worker and unrouted, started alternately in each round. */
import { spawn } from "node:child_process";
import { once } from "node:events";

import { repository, startTestDaemon } from "../test/support/daemon.ts";
import { defineBenchmark, median, timeMs } from "./harness.ts";

const startsPerRound = 11;
const main = `${repository}/examples/commander-app/main.ts`;

export default defineBenchmark({
  name: "routing",
  summary:
    "an ordinary Commander program that imports zod and vite, the whole process, routed and unrouted (milliseconds, median of a round)",
  unit: "ms",
  async prepare() {
    const daemon = await startTestDaemon({ config: `[commands]\nmodules = ["${main}"]\n` });
    const start = async (args: string[], env: Record<string, string>) => {
      const child = spawn(process.execPath, args, {
        cwd: daemon.folder,
        env: { ...daemon.env, ...env },
        stdio: ["ignore", "ignore", "inherit"],
      });
      const [code] = (await once(child, "close")) as [number];
      if (code !== 0) throw new Error(`node ${args.join(" ")} left with ${code}`);
    };
    const medianStart = async (args: string[], env: Record<string, string>) => {
      const taken: number[] = [];
      for (let count = 0; count < startsPerRound; count += 1) taken.push(await timeMs(() => start(args, env)));
      return median(taken);
    };
    const count = [main, "count", "two", "words"];
    const contenders = {
      routed: () => medianStart(count, { GANTRY_ROUTING: "true" }),
      unrouted: () => medianStart(count, { GANTRY_ROUTING: "false" }),
      "node -e 0": () => medianStart(["-e", "0"], {}),
    };
    return { contenders, close: async () => daemon[Symbol.asyncDispose]() };
  },
  targets: [
    {
      what: "the routed program, times the unrouted one",
      value: (figures) => (figures.routed as number) / (figures.unrouted as number),
      atMost: 0.5,
      unit: "×",
    },
  ],
});
