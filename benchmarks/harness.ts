/** Measures contenders against each other in interleaved rounds, so that what disturbs the machine disturbs all of them alike. */
import { mkdir, writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg, totalmem } from "node:os";

/** What one contender did in one round: one figure, or several by name (`{ p50Ms: 1.2, p99Ms: 3 }`). */
export type Measured = number | Record<string, number>;

/** One round's figures: `figures["gantry"]`, or `figures["gantry.p50Ms"]` for a contender that gives several. */
export type Figures = Readonly<Record<string, number>>;

export interface Target {
  /** As in the promise: "gantry run noop, times node -e 0". */
  what: string;
  /** Computed within each round, so that a ratio compares neighbours in time; the median over the rounds is the result. */
  value(figures: Figures): number;
  atMost?: number;
  atLeast?: number;
  /** Printed after the numbers, such as "×", "ms", or "/s". */
  unit: string;
}

export interface Benchmark {
  /** The file's name without its ending; also the name of the saved result. */
  name: string;
  /** One sentence: what is done, and by how many at once. */
  summary: string;
  /** At least 5; default 7. One more round comes first and is not counted. */
  rounds?: number;
  /** What the contenders' figures are, when they give one number. */
  unit?: string;
  /** Starts what is measured. A contender runs its work once when called and resolves to what it measured. */
  prepare(): Promise<{ contenders: Record<string, () => Promise<Measured>>; close?(): Promise<void> }>;
  targets: Target[];
  /** Printed when something that is compared with is missing here, instead of a result. */
  notRun?(): string | undefined;
}

export interface BenchmarkResult {
  name: string;
  date: string;
  machine: Record<string, string | number>;
  rounds: number;
  /** Median, lowest, and highest of the rounds. */
  figures: Record<string, { median: number; min: number; max: number }>;
  targets: { what: string; target: string; result: number; unit: string; met: boolean }[];
}

const fewestRounds = 5;

/** Gives a benchmark file its types; `export default defineBenchmark({ … })`. */
export function defineBenchmark(benchmark: Benchmark): Benchmark {
  return benchmark;
}

export async function runBenchmark(benchmark: Benchmark, rounds = benchmark.rounds ?? 7): Promise<BenchmarkResult> {
  if (!(rounds >= fewestRounds)) throw new Error(`${benchmark.name}: ${rounds} rounds are too few for a median; at least ${fewestRounds}`);
  const { contenders, close } = await benchmark.prepare();
  const measured: Figures[] = [];
  try {
    const names = Object.keys(contenders);
    for (let round = -1; round < rounds; round += 1) {
      // Another one goes first in each round: the first may find caches cold or the processor slow.
      const shift = (round + 1) % names.length;
      const figures: Record<string, number> = {};
      for (const name of [...names.slice(shift), ...names.slice(0, shift)]) {
        collectGarbage();
        Object.assign(figures, flatten(name, await (contenders[name] as () => Promise<Measured>)()));
      }
      if (round >= 0) measured.push(figures);
    }
  } finally {
    await close?.();
  }
  const names = Object.keys(measured[0] as Figures);
  return {
    name: benchmark.name,
    date: new Date().toISOString(),
    machine: machineFacts(),
    rounds,
    figures: Object.fromEntries(names.map((name) => [name, spread(measured.map((figures) => figures[name] as number))])),
    targets: benchmark.targets.map((target) => judge(target, measured)),
  };
}

function judge({ what, value, atMost, atLeast, unit }: Target, measured: Figures[]): BenchmarkResult["targets"][number] {
  const result = round(median(measured.map(value)));
  const met = (atMost === undefined || result <= atMost) && (atLeast === undefined || result >= atLeast);
  const bounds = [atMost === undefined ? [] : `≤ ${format(atMost)} ${unit}`, atLeast === undefined ? [] : `≥ ${format(atLeast)} ${unit}`];
  return { what, target: bounds.flat().join(", ") || "none", result, unit, met };
}

export function formatResult(result: BenchmarkResult, unit = ""): string {
  const figures = Object.entries(result.figures).map(([name, { median: middle, min, max }]) => [
    name,
    `${format(middle)} ${unit}`.trimEnd(),
    `${format(min)} … ${format(max)}`,
  ]);
  const targets = result.targets.map(({ what, target, result: value, unit: own, met }) => [
    what,
    target,
    `${format(value)} ${own}`,
    met ? "reached" : "MISSED",
  ]);
  return `${table([["measured", "median", "lowest … highest"], ...figures])}\n\n${table([["promise", "target", "result", ""], ...targets])}\n`;
}

/** Writes benchmarks/results/<name>.json, which is committed: figures belong to the machine and the day that they name. */
export async function saveResult(result: BenchmarkResult): Promise<string> {
  const folder = new URL("results/", import.meta.url);
  await mkdir(folder, { recursive: true });
  const file = new URL(`${result.name}.json`, folder);
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  return file.pathname;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** By linear interpolation between the two nearest, as numpy and most tools do. */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((one, other) => one - other);
  const position = (sorted.length - 1) * share;
  const low = Math.floor(position);
  const below = sorted[low] as number;
  return below + ((sorted[Math.ceil(position)] as number) - below) * (position - low);
}

/** Milliseconds that the work took. */
export async function timeMs(work: () => unknown): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** Does the work `total` times, `concurrency` at once; resolves to operations per second. */
export async function rate(total: number, concurrency: number, work: (index: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const lane = async () => {
    while (next < total) await work(next++);
  };
  const ms = await timeMs(() => Promise.all(Array.from({ length: concurrency }, lane)));
  return (total / ms) * 1000;
}

function flatten(name: string, measured: Measured): Record<string, number> {
  if (typeof measured === "number") return { [name]: measured };
  return Object.fromEntries(Object.entries(measured).map(([key, value]) => [`${name}.${key}`, value]));
}

function spread(values: number[]) {
  return { median: round(median(values)), min: round(Math.min(...values)), max: round(Math.max(...values)) };
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

function format(value: number): string {
  return Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en-US") : String(round(value));
}

/** Present when run.ts is the entry: garbage of one contender must not be swept during the next. */
function collectGarbage(): void {
  (globalThis as { gc?: () => void }).gc?.();
}

function machineFacts(): Record<string, string | number> {
  return {
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    processor: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    // Tells how busy the machine was with other things.
    loadAverage: round(loadavg()[0] as number),
  };
}

function table(rows: string[][]): string {
  const widths = (rows[0] as string[]).map((_, column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  const line = (row: string[]) => row.map((cell, column) => cell.padEnd(widths[column] as number)).join("  ");
  return rows.map((row) => line(row).trimEnd()).join("\n");
}
