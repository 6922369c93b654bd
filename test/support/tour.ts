/** Runs what a page of the documentation tells its reader to paste, and compares it with what the page says comes of it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { collect, type TestDaemon } from "./daemon.ts";
import { repository } from "./repository.ts";

export interface TourLine {
  command: string;
  exitCode: number;
  /** What must be among its output. */
  prints: string[];
}

/** `command  # exits N, text`: both parts are optional. A remark in round brackets is for the reader only. */
export function parseTourLine(line: string): TourLine {
  const [, command = line, remark = ""] = /^(.*\S)\s+# (.*)$/.exec(line) ?? [];
  if (remark.startsWith("(")) return { command, exitCode: 0, prints: [] };
  const exits = /^exits (\d+)(?:, )?/.exec(remark);
  // A greeting has a comma of its own.
  const text = remark.slice(exits?.[0].length ?? 0);
  return { command, exitCode: Number(exits?.[1] ?? 0), prints: text === "" ? [] : [text] };
}

/** The lines of all `sh` blocks of a page. */
export async function readTour(page: string): Promise<TourLine[]> {
  const text = await readFile(join(repository, page), "utf8");
  return [...text.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block]) => (block as string).trimEnd().split("\n")).map(parseTourLine);
}

/** Pastes the lines into one shell in the repository's folder; resolves to them with what they really did. */
export async function takeTour(daemon: TestDaemon, lines: readonly TourLine[], timeoutMs: number): Promise<TourLine[]> {
  // npx only puts node_modules/.bin on the PATH, which it is already, and takes most of a second for it.
  const script = [
    "set -m",
    'npx() { "$@"; }',
    ...lines.map(({ command }, index) => `echo "@@ ${index}"; ${command}\necho "@@ exit $?"`),
  ].join("\n");
  const shell = daemon.spawnProgram("bash", ["-c", `exec 2>&1; ${script}`], { cwd: repository, stdin: "", timeoutMs });
  const { stdout } = await collect(shell);
  return lines.map(({ command, prints }, index) => {
    const section = stdout.split(`@@ ${index}\n`)[1]?.split(/^@@ \d+$/m)[0] ?? "never reached";
    const [output = "", exit] = section.split(/@@ exit (\d+)/);
    return { command, exitCode: Number(exit), prints: prints.map((text) => (output.includes(text) ? text : output)) };
  });
}
