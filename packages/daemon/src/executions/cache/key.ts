/** The key of a cached result: everything that the command declares to depend on. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { glob, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

import { GantryError } from "@gantry/contract";
import { LRUCache } from "lru-cache";

export interface KeyParts {
  command: string;
  /** Changes with the command's code or definition. */
  version: string;
  input: Readonly<Record<string, unknown>>;
  cwd: string;
  /** Declared variables and what the caller added. */
  env: Readonly<Record<string, string | null>>;
  /** Globs, relative to `cwd`. */
  files: readonly string[];
}

/** With so many a run is likely to be cheaper than looking at all of them. */
const maxFiles = 10_000;
const rememberedDigests = 20_000;

export function createKeyMaker(digest: (text: string) => string): (parts: KeyParts) => Promise<string> {
  // By what a file looks like, so that a hit does not read megabytes: any change of its content changes this too.
  const digests = new LRUCache<string, string>({ max: rememberedDigests });

  const digestOf = async (file: string): Promise<string | undefined> => {
    const found = await stat(file);
    if (!found.isFile()) return undefined;
    const { mtimeMs, ctimeMs, size, ino, dev } = found;
    const name = JSON.stringify([file, mtimeMs, ctimeMs, size, ino, dev]);
    const known = digests.get(name);
    if (known !== undefined) return known;
    const sha256 = createHash("sha256");
    await pipeline(createReadStream(file), sha256);
    const made = sha256.digest("base64url");
    digests.set(name, made);
    return made;
  };

  const filesOf = async ({ command, cwd, files }: KeyParts) => {
    if (files.length === 0) return [];
    const names = new Set<string>();
    for await (const name of glob([...files], { cwd })) {
      names.add(name);
      if (names.size > maxFiles) {
        throw new GantryError(
          "resourceExhausted",
          `The cache of ${command} depends on more than ${maxFiles} files (${files.join(", ")} in ${cwd}). Nothing was run; narrow cacheFiles, or run it with --no-cache.`,
          { retryable: false },
        );
      }
    }
    const found: [string, string][] = [];
    for (const name of [...names].sort()) {
      const made = await digestOf(join(cwd, name)).catch((error: NodeJS.ErrnoException) => {
        // Gone since it was listed: as if it had not been there. One that cannot be read is no reason not to run.
        if (error.code === "ENOENT") return undefined;
        if (error.code !== undefined) return error.code;
        throw error;
      });
      if (made !== undefined) found.push([name, made]);
    }
    return found;
  };

  return async (parts) => {
    const { command, version, input, cwd, env } = parts;
    return digest(canonicalJson([command, version, input, cwd, env, await filesOf(parts)]));
  };
}

/** The same text for the same value, whatever the order of its keys: RFC 8785 for what JSON.parse can make. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([one], [other]) => (one < other ? -1 : 1)));
  });
}
