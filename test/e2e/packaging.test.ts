/** The tarballs work where a user installs them: in an empty folder, with nothing of this repository in reach. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { afterAll, beforeAll, describe, expect, type TestContext, test } from "vitest";

import { pack } from "../../scripts/pack.ts";
import { type CliResult, collect, environment, repository } from "../support/daemon.ts";
import { need, oldNode } from "../support/not-run.ts";
import { processesOf, stillAlive } from "../support/processes.ts";
import { until } from "../support/until.ts";

let root: string;
/** Has only the package `gantry`. */
let server: string;
/** Has only the package `@gantry/client`. */
let user: string;
let home: string;
let unreachable: string | undefined;

async function install(folder: string, tarball: string): Promise<void> {
  await mkdir(folder);
  await writeFile(join(folder, "package.json"), '{ "name": "somebody", "private": true, "type": "module" }');
  try {
    await promisify(execFile)("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", tarball], {
      cwd: folder,
      env: npmEnvironment(),
    });
  } catch (error) {
    const { stderr } = error as { stderr: string };
    if (!/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT/.test(stderr)) throw error;
    unreachable = "the npm registry cannot be reached";
  }
}

/** npm alone runs in the developer's own environment: its cache, registry, proxy, and certificates are set there. */
function npmEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: environment(home).PATH };
}

/** The installed `gantry`, found as npx finds it. */
const gantry = (args: string[], cwd = server): Promise<CliResult> => {
  const child = spawn(join(server, "node_modules/.bin/gantry"), args, {
    cwd,
    env: environment(home, { PATH: `${process.execPath.replace(/\/[^/]+$/, "")}:/usr/bin:/bin` }),
  });
  child.stdin.end();
  return collect(child);
};

const installed = (context: TestContext) => context.skip(unreachable !== undefined, `not run: ${unreachable}`);

beforeAll(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "gantry-pack-")));
  home = join(root, "h");
  server = join(root, "server");
  user = join(root, "user");
  const tarballs = await pack(join(root, "tarballs"));
  await install(server, tarballs.gantry);
  await install(user, tarballs.client);
  await mkdir(join(user, "commands"));
  await writeFile(join(user, "commands/hello.ts"), helloCommand);
  await writeFile(join(server, "gantry.toml"), configuration(join(user, "commands/*.ts")));
}, 180_000);

afterAll(async () => {
  for (const { pid } of processesOf(home)) process.kill(pid, "SIGKILL");
  await rm(root, { recursive: true, force: true, maxRetries: 5 });
});

const helloCommand = `import { defineCommand } from "@gantry/client/command";
import { z } from "zod";

export default defineCommand({
  name: "hello",
  summary: "Greets",
  input: z.object({ name: z.string() }),
  run: ({ name }) => console.log(\`Hello, \${name}!\`),
});
`;

const configuration = (modules: string) => `[daemon]
port = 0
[commands]
modules = [${JSON.stringify(modules)}]
[command.three]
argv = ["sh", "-c", "echo leaving; exit 3"]
`;

test("the package manifests name only what can be installed from a registry", async (context) => {
  installed(context);
  const { stdout } = await promisify(execFile)("npm", ["ls", "--all", "--json"], { cwd: server, env: npmEnvironment() });
  expect(stdout).not.toContain("@gantry/");
});

describe("gantry, installed by itself", () => {
  test("prints its version", async (context) => {
    installed(context);
    expect(await gantry(["version"])).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^gantry \d+\.\d+\.\d+ \(Node /) });
    expect(await gantry(["--version"])).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^gantry \d+\.\d+\.\d+\n$/) });
  });

  test("starts, runs commands of both kinds, holds a session, serves the page, and stops without leftovers", async (context) => {
    installed(context);
    const started = await gantry(["start", "--json"]);
    expect(started).toMatchObject({ exitCode: 0 });
    const { url } = JSON.parse(started.stdout) as { url: string };
    expect(await gantry(["run", "hello", "--name", "Ada"])).toMatchObject({ exitCode: 0, stdout: "Hello, Ada!\n" });
    expect(await gantry(["run", "three"])).toMatchObject({ exitCode: 3, stdout: "leaving\n" });
    const page = await fetch(`${url}/ui/`);
    expect(await page.text()).toMatch(/<div id="root">/);

    expect(await gantry(["open", "--detach", "--name", "shell", "--", "sh"])).toMatchObject({ exitCode: 0 });
    expect(await gantry(["sessions", "send", "shell", "echo", "6 times 7 is $((6*7))"])).toMatchObject({ exitCode: 0 });
    await until(
      "the shell to answer",
      () => gantry(["sessions", "screen", "shell"]),
      ({ stdout }) => stdout.includes("6 times 7 is 42"),
    );

    await writeFile(join(user, "provider.mjs"), providerModule);
    const provider = spawn(process.execPath, [join(user, "provider.mjs")], { cwd: user, env: environment(home), stdio: "ignore" });
    try {
      await until(
        "the provider to be listed",
        () => gantry(["providers", "list", "--json"]),
        ({ stdout }) => stdout.includes('"adder"'),
      );
      expect(await gantry(["providers", "invoke", "adder", "add", "--args", '{"a":5,"b":3}'])).toMatchObject({
        exitCode: 0,
        stdout: "8\n",
      });
    } finally {
      provider.kill("SIGTERM");
      await once(provider, "exit");
    }

    const all = processesOf(home);
    expect(await gantry(["stop", "--sessions"])).toMatchObject({ exitCode: 0 });
    await until(
      "every process to be gone",
      () => stillAlive(all),
      (alive) => alive.length === 0,
    );
  });

  test("says in one sentence that Node is too old", async (context) => {
    installed(context);
    const node = need(context, oldNode);
    const child = spawn(node, [join(server, "node_modules/gantry/bin/gantry.js"), "version"], { env: environment(home) });
    const { stdout, stderr, exitCode } = await collect(child);
    expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 78 });
    expect(stderr).toMatch(/^gantry needs Node 24\.12 or newer and this is \d+\.\d+\.\d+: .+\n$/);
  });
});

const providerModule = `import { createProvider, defineMethod } from "@gantry/client/provider";
import { z } from "zod";

const adder = createProvider({
  name: "adder",
  methods: { add: defineMethod({ input: z.object({ a: z.number(), b: z.number() }), run: ({ a, b }) => a + b }) },
});
await adder.connect();
`;

const userProgram = `import { createClient, GantryError } from "@gantry/client";
import { connectLocal } from "@gantry/client/node";
import { createProvider, defineMethod } from "@gantry/client/provider";
import { daemonCommand, defineCommand } from "@gantry/client/command";
import { routeCommander } from "@gantry/client/commander";
import { z } from "zod";

const client = createClient({ url: "http://127.0.0.1:8765", key: "gantry_x" });
// @ts-expect-error -- an address without a key
void createClient({ url: "http://127.0.0.1:8765" });
export const run = async (): Promise<boolean | null> => (await createClient().execute({ command: "c", input: { n: 1 } })).success;
export const double: (n: number) => Promise<number> = daemonCommand({ name: "double", module: import.meta.url }, (n: number) => 2 * n);
export const app = routeCommander(() => import("./commands/hello.ts"), { name: "app" });
export async function use(): Promise<string> {
  const status = await client.instances.status();
  const running: number = status.executions.running;
  const local = await connectLocal();
  const { items } = await local.client.providers.list();
  const names: string[] = items.map((item) => item.name);
  return \`\${status.instance} \${running} \${names.join()}\`;
}
export const isOurs = (error: unknown): boolean => error instanceof GantryError && error.code === "unavailable";
export const provider = createProvider({ name: "x", methods: { double: defineMethod({ input: z.object({ n: z.number() }), run: ({ n }) => n * 2 }) } });
export default defineCommand({ name: "c", summary: "", input: z.object({ n: z.int() }), run: ({ n }) => n + 1 });

// @ts-expect-error -- an input that the operation does not have
void client.instances.health({ nonsense: 1 });
// @ts-expect-error -- a room that does not exist
void client.nonsense;
defineCommand({
  name: "d",
  summary: "",
  input: z.object({ n: z.int() }),
  // @ts-expect-error -- the input's field is a number
  run: ({ n }) => n.toUpperCase(),
});
`;

test.each(["nodenext", "bundler"])("a TypeScript user gets full types from @gantry/client with %s resolution", async (resolution) => {
  if (unreachable !== undefined) return;
  await writeFile(join(user, "use.ts"), userProgram);
  const compilerOptions = {
    target: "es2024",
    lib: ["es2024", "dom", "esnext.disposable"],
    types: [],
    module: resolution === "nodenext" ? "nodenext" : "esnext",
    moduleResolution: resolution,
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    skipLibCheck: true,
  };
  await writeFile(join(user, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.ts"] }));
  const tsc = spawn(process.execPath, [join(repository, "node_modules/typescript/bin/tsc"), "-p", user], { cwd: user });
  const { stdout, exitCode } = await collect(tsc);
  expect({ stdout, exitCode }).toEqual({ stdout: "", exitCode: 0 });
});
