/** The real AI CLIs, from npm, at versions that were tried: installed when a test first needs them, and kept for the next. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import type { TestContext } from "vitest";

const run = promisify(execFile);

const packages = {
  claude: { name: "@anthropic-ai/claude-code", version: "2.1.330" },
  codex: { name: "@openai/codex", version: "0.169.0" },
  gemini: { name: "@google/gemini-cli", version: "0.61.0" },
} as const;
export type AiCli = keyof typeof packages;

/** Some hundred megabytes: measured 8 s each for the two native ones and 3 s for gemini. */
const installMs = 120_000;
const cache = join(tmpdir(), "gantry-test-clis");

/** A folder that holds the program by its usual name, for a PATH; or the test is skipped, and its report says why. */
export async function needAiCli(context: TestContext, cli: AiCli): Promise<string> {
  const { name, version } = packages[cli];
  if (process.env.GANTRY_TEST_CLIS === undefined)
    context.skip("not run: the real AI CLIs are some hundred megabytes; npm run soak tries them, or GANTRY_TEST_CLIS=1");
  const folder = join(cache, `${cli}-${version}`);
  try {
    if (!existsSync(join(folder, "bin", cli))) await install(cli, folder);
  } catch (error) {
    context.skip(`not run: ${name}@${version} could not be installed (${(error as Error).message.split("\n")[0]})`);
  }
  return join(folder, "bin");
}

async function install(cli: AiCli, folder: string): Promise<void> {
  const { name, version } = packages[cli];
  await mkdir(cache, { recursive: true });
  const fresh = await mkdtemp(join(cache, `${cli}-`));
  try {
    const args = ["install", "--prefix", fresh, "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", `${name}@${version}`];
    await run("npm", args, { cwd: fresh, timeout: installMs });
    await mkdir(join(fresh, "bin"));
    await symlink(await programOf(cli, fresh), join(fresh, "bin", cli));
    // All at once: a test that runs at the same time sees it whole or not at all.
    await rename(fresh, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    });
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

/** Relative, because the folder is renamed. Claude's package links its native program only by an install script. */
async function programOf(cli: AiCli, folder: string): Promise<string> {
  if (cli !== "claude") return join("..", "node_modules/.bin", cli);
  const scope = "node_modules/@anthropic-ai";
  const native = (await readdir(join(folder, scope))).find((entry) => entry.startsWith("claude-code-"));
  if (native === undefined) throw new Error("its native package is missing");
  return join("..", scope, native, "claude");
}
