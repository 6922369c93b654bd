/** Finds the command modules that the configuration names and notices when the files they are made of change. */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { resolve } from "node:path";

/** Absolute paths, sorted, without repeats. Patterns are relative to the configuration file's folder. */
export async function findModules(patterns: readonly string[], baseDirectory: string): Promise<string[]> {
  const found = new Set<string>();
  for await (const file of glob([...patterns], { cwd: baseDirectory, exclude: ["**/node_modules/**", "**/*.d.ts", "**/*.test.*"] })) {
    found.add(resolve(baseDirectory, file));
  }
  return [...found].sort();
}

/** What a file looked like; any change of its content changes this too. */
export type Stamps = ReadonlyMap<string, string>;

export function stampsOf(files: readonly string[]): Stamps {
  return new Map(files.map((file) => [file, stampOf(file)]));
}

export function changedSince(stamps: Stamps): boolean {
  for (const [file, stamp] of stamps) if (stampOf(file) !== stamp) return true;
  return false;
}

/** Changes with the content of any of the files; what is gone counts as empty. */
export async function contentVersion(files: readonly string[]): Promise<string> {
  const contents = await Promise.all(files.toSorted().map((file) => readFile(file).catch(() => "")));
  const sha256 = createHash("sha256");
  for (const content of contents) sha256.update(`${content.length}:`).update(content);
  return sha256.digest("base64url");
}

function stampOf(file: string): string {
  const stat = statSync(file, { throwIfNoEntry: false });
  // The inode too: editors replace a file, perhaps by one of the same size within the clock's resolution.
  return stat === undefined ? "gone" : `${stat.mtimeMs} ${stat.size} ${stat.ino}`;
}
