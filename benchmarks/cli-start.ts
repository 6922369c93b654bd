/** `gantry run noop` as a whole process, as it is published, against a bare `node -e 0`: both started alternately in each round. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { repository, startTestDaemon } from "../test/support/daemon.ts";
import { defineBenchmark, median, timeMs } from "./harness.ts";

const startsPerRound = 15;

export default defineBenchmark({
  name: "cli-start",
  summary: "gantry run noop, the whole process, and bare node (milliseconds, median of a round)",
  unit: "ms",
  async prepare() {
    const published = await publishedCli();
    const daemon = await startTestDaemon({ config: `[commands]\nmodules = ["${repository}/examples/commands/*.ts"]\n` });
    const programs: Record<string, string[]> = {
      "gantry run noop": [join(published, "bin/gantry.js"), "run", "noop"],
      "node -e 0": ["-e", "0"],
      // What routing a command saves: the same function in a process of its own, which has to load what it imports.
      "node, same function": ["-e", `import("${repository}/examples/commands/noop.ts").then(({ default: noop }) => noop.run({}, {}))`],
    };
    const start = async (args: string[]) => {
      const child = spawn(process.execPath, args, { cwd: daemon.folder, env: daemon.env, stdio: ["ignore", "ignore", "inherit"] });
      const [code] = (await once(child, "close")) as [number];
      if (code !== 0) throw new Error(`node ${args.join(" ")} left with ${code}`);
    };
    const medianStart = async (args: string[]) => {
      const taken: number[] = [];
      for (let count = 0; count < startsPerRound; count += 1) taken.push(await timeMs(() => start(args)));
      return median(taken);
    };
    return {
      contenders: Object.fromEntries(Object.entries(programs).map(([name, args]) => [name, () => medianStart(args)])),
      async close() {
        await rm(published, { recursive: true, force: true });
        await daemon[Symbol.asyncDispose]();
      },
    };
  },
  targets: [
    {
      what: "gantry run noop, times node -e 0",
      value: (figures) => (figures["gantry run noop"] as number) / (figures["node -e 0"] as number),
      atMost: 1.4,
      unit: "×",
    },
    {
      what: "gantry run noop, times a fresh node that imports and runs the same function",
      value: (figures) => (figures["gantry run noop"] as number) / (figures["node, same function"] as number),
      atMost: 1,
      unit: "×",
    },
  ],
});

/** The built CLI laid out as in the published package; in a checkout bin/gantry.js would run the source instead. */
async function publishedCli(): Promise<string> {
  const build = spawn(process.execPath, [join(repository, "scripts/build.ts"), "--if-needed", "dashboard", "gantry"], {
    stdio: ["ignore", 2, 2],
  });
  const [code] = (await once(build, "close")) as [number];
  if (code !== 0) throw new Error("the build failed");
  const folder = await mkdtemp(join(tmpdir(), "gantry-cli-"));
  for (const part of ["bin", "dist", "package.json"]) {
    await cp(join(repository, "packages/cli", part), join(folder, part), { recursive: true });
  }
  await symlink(join(repository, "node_modules"), join(folder, "node_modules"));
  return folder;
}
