/** Runs the real CLI without a daemon of the test's own, for tests that start and stop instances themselves. */
import { spawn } from "node:child_process";
import { join } from "node:path";

import { type CliResult, collect, environment, repository } from "./daemon.ts";

interface RunOptions {
  cwd: string;
  /** Must hold GANTRY_HOME. */
  env: Record<string, string>;
  timeoutMs?: number;
}

export async function runCli(args: string[], { cwd, env, timeoutMs = 30_000 }: RunOptions): Promise<CliResult> {
  const child = spawn(process.execPath, [join(repository, "packages/cli/bin/gantry.js"), ...args], {
    cwd,
    env: environment(env.GANTRY_HOME as string, env),
    stdio: ["ignore", "pipe", "pipe"],
    timeout: timeoutMs,
  });
  return collect(child);
}
