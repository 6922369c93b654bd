/** examples/commander-app as a whole process, as JavaScript with the published client, routed to a warm worker and unrouted, in turn. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { repository, startTestDaemon } from "../test/support/daemon.ts";
import { build } from "../scripts/build.ts";
import { type Manifest, publishedClient } from "../scripts/manifests.ts";
import { defineBenchmark, median, timeMs } from "./harness.ts";

const startsPerRound = 11;

export default defineBenchmark({
  name: "routing",
  summary:
    "an ordinary Commander program that imports zod and vite, the whole process, routed and unrouted (milliseconds, median of a round)",
  unit: "ms",
  async prepare() {
    const folder = await installed();
    const main = join(folder, "main.js");
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
    const close = async () => {
      await daemon[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    };
    return { contenders, close };
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

/** The example where a user would have it: Node is not asked to read TypeScript, and the client is the one that is installed. */
async function installed(): Promise<string> {
  await build(["client"], true);
  const folder = await mkdtemp(join(tmpdir(), "gantry-routing-"));
  for (const name of ["main", "program"]) {
    const source = await readFile(join(repository, "examples/commander-app", `${name}.ts`), "utf8");
    await writeFile(join(folder, `${name}.js`), stripTypeScriptTypes(source).replaceAll("./program.ts", "./program.js"));
  }
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
  const client = join(folder, "node_modules/@gantry/client");
  await mkdir(client, { recursive: true });
  await cp(join(repository, "packages/client/dist"), join(client, "dist"), { recursive: true });
  const manifest = JSON.parse(await readFile(join(repository, "packages/client/package.json"), "utf8")) as Manifest;
  await writeFile(join(client, "package.json"), JSON.stringify(publishedClient(manifest)));
  for (const name of ["commander", "zod", "vite"])
    await symlink(join(repository, "node_modules", name), join(folder, "node_modules", name));
  return folder;
}
