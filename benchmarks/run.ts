/** `npm run bench [-- name… --save --rounds N --list]`: runs the benchmarks and prints each promise with its result. */
import { readdir } from "node:fs/promises";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { type Benchmark, formatResult, runBenchmark, saveResult } from "./harness.ts";

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: { save: { type: "boolean", default: false }, rounds: { type: "string" }, list: { type: "boolean", default: false } },
});

// The same as --expose-gc, without asking whoever starts this to know it.
setFlagsFromString("--expose-gc");
(globalThis as { gc?: unknown }).gc = runInNewContext("gc");

const files = await readdir(new URL(".", import.meta.url));
const isBenchmark = (file: string) => /^[a-z0-9-]+\.ts$/.test(file) && !["harness.ts", "run.ts"].includes(file);
const names = files.filter(isBenchmark).map((file) => file.slice(0, -".ts".length));
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`There is no benchmark ${unknown.join(", ")}. There are: ${names.join(", ") || "none yet"}\n`);
  process.exit(64);
}
for (const name of positionals.length > 0 ? positionals : names) {
  const { default: benchmark } = (await import(new URL(`${name}.ts`, import.meta.url).href)) as { default: Benchmark };
  process.stdout.write(`${name}: ${benchmark.summary}\n`);
  if (flags.list) continue;
  const reason = benchmark.notRun?.();
  if (reason !== undefined) {
    process.stdout.write(`not run: ${reason}\n\n`);
    continue;
  }
  const result = await runBenchmark(benchmark, flags.rounds === undefined ? undefined : Number(flags.rounds));
  process.stdout.write(`\n${formatResult(result, benchmark.unit)}\n`);
  if (flags.save) process.stdout.write(`saved to ${await saveResult(result)}\n\n`);
}
