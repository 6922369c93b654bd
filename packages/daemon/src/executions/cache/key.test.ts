import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import fc from "fast-check";
import { expect, test } from "vitest";

import { createKeyMaker } from "./key.ts";

const keyOf = createKeyMaker((text) => text);
const base = { command: "c", version: "1", input: {}, cwd: "/", env: {}, files: [] };

/** The same value with the keys of its objects in another order. */
function reversed(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(reversed);
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, inner]) => [name, reversed(inner)]),
  );
}

test("the order of fields makes no other key, another value does", async () => {
  const object = fc.dictionary(fc.string(), fc.jsonValue());
  await fc.assert(
    fc.asyncProperty(object, object, async (one, other) => {
      const input = JSON.parse(JSON.stringify(one)) as Record<string, unknown>;
      const key = await keyOf({ ...base, input });
      expect(await keyOf({ ...base, input: reversed(input) as Record<string, unknown> })).toBe(key);
      const alsoGiven = JSON.parse(JSON.stringify(other)) as Record<string, unknown>;
      expect((await keyOf({ ...base, input: alsoGiven })) === key).toBe(isDeepStrictEqual(alsoGiven, input));
    }),
  );
});

test("files count by name and content, folders and what is gone do not", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gantry-key-"));
  try {
    const key = () => keyOf({ ...base, cwd: folder, files: ["src/**", "lock"] });
    const empty = await key();
    await mkdir(join(folder, "src/inner"), { recursive: true });
    expect(await key()).toBe(empty);
    await writeFile(join(folder, "src/inner/a"), "1");
    const one = await key();
    await writeFile(join(folder, "src/inner/a"), "2");
    const two = await key();
    await writeFile(join(folder, "src/inner/a"), "1");
    expect(await key()).toBe(one);
    await rm(join(folder, "src/inner/a"));
    await writeFile(join(folder, "src/inner/b"), "1");
    expect(new Set([empty, one, two, await key()]).size).toBe(4);
    await rm(join(folder, "src"), { recursive: true });
    expect(await key()).toBe(empty);
  } finally {
    await rm(folder, { recursive: true });
  }
});
