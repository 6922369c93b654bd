/** `npm test [-- filter…]`: gets what the tests need, builds, runs everything, and ends with one line `N passed, N failed`. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";

import { chromium, fish, pythonSocketIo, vim, zsh } from "../test/support/not-run.ts";
import { build } from "./build.ts";
import { countsFileVariable, noCounts, type FileCounts, type TestCounts } from "./test-counts.ts";

const root = resolve(import.meta.dirname, "..");
/** Quick ones first: a wrong rule should show before a daemon is started. */
const projects = ["unit", "e2e", "faults"];

/** Debian's packages for what the tests can use. */
const systemPackages = [
  { requirement: chromium, packages: ["chromium"] },
  { requirement: pythonSocketIo, packages: ["python3-socketio", "python3-websocket"] },
  { requirement: vim, packages: ["vim-tiny"] },
  { requirement: zsh, packages: ["zsh"] },
  { requirement: fish, packages: ["fish"] },
];

function prepare(): void {
  const missing = systemPackages.filter(({ requirement }) => requirement.find() === undefined);
  if (missing.length === 0) return;
  const packages = missing.flatMap((one) => one.packages);
  const mayInstall = process.getuid?.() === 0 && process.env.GANTRY_TEST_INSTALL !== "false" && hasApt();
  if (!mayInstall) {
    process.stderr.write(
      `${missing.map(({ requirement }) => requirement.absence).join("; ")}. To run those tests too: sudo apt-get install ${packages.join(" ")}\n`,
    );
    return;
  }
  process.stderr.write(`installing ${packages.join(", ")} with apt-get (GANTRY_TEST_INSTALL=false prevents it) …\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  // A package that cannot be had must not keep the others away; what is still missing makes its tests say "not run".
  const apt = (...args: string[]) =>
    spawnSync("apt-get", ["-qq", ...args], { env, stdio: ["ignore", "ignore", 2], timeout: 240_000 }).status === 0;
  apt("update");
  for (const one of missing) {
    apt("install", "--yes", "--no-install-recommends", ...one.packages);
    one.requirement.forget();
  }
}

function hasApt(): boolean {
  return spawnSync("apt-get", ["--version"], { stdio: "ignore" }).status === 0;
}

/** End-to-end tests meet a machine that has other work. What failed is run once more, alone; more files than this are no accident. */
const filesToTryAgain = 4;

async function runProject(project: string, filters: string[], options: string[] = []): Promise<TestCounts> {
  const args = ["run", "--project", project, "--passWithNoTests", "--reporter", "default", "--reporter", "./scripts/test-counts.ts"];
  const countsFile = join(folder, `${project}.json`);
  const child = spawn(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), ...args, ...options, ...filters], {
    cwd: root,
    env: { ...process.env, [countsFileVariable]: countsFile },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const [status] = (await once(child, "exit")) as [number | null];
  let counts: TestCounts = {};
  try {
    counts = JSON.parse(readFileSync(countsFile, "utf8")) as TestCounts;
    rmSync(countsFile);
  } catch {
    // It ended before it could report; its status tells.
  }
  if (status !== 0 && failedFiles(counts).length === 0)
    counts[""] = { ...noCounts(), failed: 1, failures: [`the tests of "${project}" ended with status ${status}`] };
  return counts;
}

function failedFiles(counts: TestCounts): string[] {
  return Object.keys(counts).filter((file) => counts[file]!.failed > 0);
}

/** Runs what failed of a project once more, one file after the other, and tells what passed only then. */
async function tryAgain(project: string, counts: TestCounts): Promise<TestCounts> {
  const failed = failedFiles(counts);
  if (project === "unit" || failed.length === 0 || failed.length > filesToTryAgain || failed.includes("")) return counts;
  const again = await runProject(project, failed, ["--maxWorkers", "1"]);
  for (const file of failed.filter((one) => again[one]?.failed === 0)) report("passed only when it was run again", file, counts[file]!);
  return { ...counts, ...again };
}

const notes: string[] = [];
function report(what: string, file: string, { failures }: FileCounts): void {
  for (const failure of failures) notes.push(`${what}: ${file === "" ? "" : `${relative(root, file)} > `}${failure}`);
}

const folder = mkdtempSync(join(tmpdir(), "gantry-counts-"));
const total = noCounts();
try {
  prepare();
  await build(["dashboard", "client", "gantry"], true);
  for (const project of projects) {
    const counts = await tryAgain(project, await runProject(project, process.argv.slice(2)));
    for (const [file, one] of Object.entries(counts)) {
      total.passed += one.passed;
      total.failed += one.failed;
      total.skipped += one.skipped;
      if (one.failed > 0) report("FAILED", file, one);
      for (const [reason, count] of Object.entries(one.notRun)) total.notRun[reason] = (total.notRun[reason] ?? 0) + count;
    }
  }
} catch (error) {
  process.stderr.write(`${(error as Error).stack ?? String(error)}\n`);
  total.failed += 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const note of notes) process.stdout.write(`${note}\n`);
for (const [reason, count] of Object.entries(total.notRun))
  process.stdout.write(`${reason} (${count} ${count === 1 ? "test" : "tests"})\n`);
// Written out before the exit code is given: this must be the last line of whoever called.
process.stdout.write(`${total.passed} passed, ${total.failed} failed${total.skipped === 0 ? "" : `, ${total.skipped} skipped`}\n`);
process.exitCode = total.failed === 0 && total.passed > 0 ? 0 : 1;
