/** Asks a program once for its version and its flags, and remembers the answer as long as its file does not change. */
import { spawn } from "node:child_process";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

export interface ProbeAnswer {
  version: string | null;
  /** Flags and words that its help names; null when it did not answer. */
  words: string[] | null;
  problems: string[];
  probedAtMs: number;
}

interface Remembered extends ProbeAnswer {
  /** Tells one state of the file from another. */
  stamp: string;
}

export interface Prober {
  /** `file` must be absolute. Asks only when the file is new, was changed, or `refresh`. Never rejects. */
  probe(file: string, help: readonly (readonly string[])[], env: Readonly<Record<string, string>>, refresh: boolean): Promise<ProbeAnswer>;
  /** The remembered answer. */
  peek(file: string, help: readonly (readonly string[])[]): Promise<ProbeAnswer | undefined>;
}

export interface ProberOptions {
  /** Where answers are kept over restarts. */
  cacheFile: string;
  nowMs(): number;
  /** For one question; the slowest of the well-known ones takes two seconds on a busy machine. */
  timeoutMs?: number;
}

const outputLimitBytes = 512 * 1024;

export function createProber({ cacheFile, nowMs, timeoutMs = 15_000 }: ProberOptions): Prober {
  let loaded: Promise<Map<string, Remembered>> | undefined;
  const running = new Map<string, Promise<ProbeAnswer>>();

  const load = async (): Promise<Map<string, Remembered>> => {
    try {
      return new Map(Object.entries(JSON.parse(await readFile(cacheFile, "utf8")) as Record<string, Remembered>));
    } catch {
      // Absent or torn: everything is asked anew.
      return new Map();
    }
  };
  const memory = (): Promise<Map<string, Remembered>> => (loaded ??= load());
  const keyOf = (file: string, help: readonly (readonly string[])[]): string => `${file} ${JSON.stringify(help)}`;
  const stampOf = async (file: string): Promise<string> => {
    const { mtimeMs, size, ino } = await stat(file);
    return `${mtimeMs} ${size} ${ino}`;
  };
  const save = async (): Promise<void> => {
    const text = JSON.stringify(Object.fromEntries(await memory()));
    await mkdir(dirname(cacheFile), { recursive: true, mode: 0o700 });
    await writeFile(`${cacheFile}.new`, text, { mode: 0o600 });
    await rename(`${cacheFile}.new`, cacheFile);
  };

  const peek: Prober["peek"] = async (file, help) => {
    const known = (await memory()).get(keyOf(file, help));
    const stamp = await stampOf(file).catch(() => undefined);
    return known !== undefined && known.stamp === stamp ? known : undefined;
  };
  const ask = async (file: string, help: readonly (readonly string[])[], env: Readonly<Record<string, string>>): Promise<ProbeAnswer> => {
    const stamp = await stampOf(file).catch(() => "");
    const [version, ...helps] = await Promise.all([["--version"], ...help].map((args) => run(file, args, env, timeoutMs)));
    const problems: string[] = [];
    const found = /\d+\.\d+(?:\.\d+)?(?:[-+.][0-9A-Za-z.-]+)?/.exec(version?.output ?? "")?.[0] ?? null;
    if (found === null) problems.push(`${file} --version told no version (${describe(version)})`);
    const silent = helps.findIndex(({ output }) => output.trim() === "");
    const words =
      silent === -1 ? [...new Set(helps.flatMap(({ output }) => output.match(/--?[A-Za-z][\w-]*|\b[a-z][a-z-]+\b/g) ?? []))] : null;
    if (words === null)
      problems.push(`${file} ${help[silent]?.join(" ")} told nothing (${describe(helps[silent])}), so its flags are not known`);
    const answer = { version: found, words, problems, probedAtMs: nowMs() };
    (await memory()).set(keyOf(file, help), { ...answer, stamp });
    await save().catch(() => undefined);
    return answer;
  };
  return {
    peek,
    async probe(file, help, env, refresh) {
      const known = refresh ? undefined : await peek(file, help);
      if (known !== undefined) return known;
      const key = keyOf(file, help);
      const mine = running.get(key) ?? ask(file, help, env).finally(() => running.delete(key));
      running.set(key, mine);
      return mine;
    },
  };
}

interface Run {
  output: string;
  outcome: string;
}

function describe(run: Run | undefined): string {
  const last = run?.output.trim().split("\n").at(-1) ?? "";
  // oxlint-disable-next-line no-control-regex -- a program's words reach terminals
  return `${run?.outcome ?? "not run"}${last === "" ? "" : `: ${last.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, " ").slice(0, 200)}`}`;
}

/** Without a terminal and without input; in a group of its own, so that what it starts ends with it. */
function run(file: string, args: readonly string[], env: Readonly<Record<string, string>>, timeoutMs: number): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(file, args, { env: { ...env, NO_COLOR: "1" }, cwd: "/", stdio: ["ignore", "pipe", "pipe"], detached: true });
    const pieces: Buffer[] = [];
    let bytes = 0;
    const end = (outcome: string): void => {
      clearTimeout(timer);
      resolve({ output: Buffer.concat(pieces).toString(), outcome });
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // Nothing of it is left.
      }
      child.stdout.destroy();
      child.stderr.destroy();
    };
    const timer = setTimeout(() => end(`no answer within ${timeoutMs / 1000} s`), timeoutMs);
    const take = (piece: Buffer): void => {
      bytes += piece.length;
      if (bytes <= outputLimitBytes) pieces.push(piece);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.once("error", (error) => end(error.message));
    child.once("close", (code, signal) => end(signal === null ? `exit code ${code}` : signal));
  });
}
