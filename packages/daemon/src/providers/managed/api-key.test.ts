import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Configuration } from "@gantry/contract";
import { afterAll, beforeAll, expect, test } from "vitest";

import { readApiKey } from "./api-key.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "gantry-key-"));
  await writeFile(join(folder, "good"), "from-file\n", { mode: 0o600 });
  await writeFile(join(folder, "open"), "from-file\n", { mode: 0o600 });
  await chmod(join(folder, "open"), 0o640);
  await writeFile(join(folder, "empty"), "\n", { mode: 0o600 });
});
afterAll(() => rm(folder, { recursive: true }));

const read = (table: Record<string, unknown>, env: Record<string, string> = {}) => {
  const settings = Configuration.parse({ provider: { p: { type: "openai", url: "http://127.0.0.1:1", ...table } } }).provider["p"];
  return readApiKey({ name: "p", settings: settings as NonNullable<typeof settings>, baseDirectory: folder, env });
};

test("takes the key from the named variable, or from a file of its owner's", async () => {
  expect(await read({ apiKeyEnv: "MY_KEY" }, { MY_KEY: "from-env" })).toBe("from-env");
  expect(await read({ apiKeyFile: "good" })).toBe("from-file");
  expect(await read({})).toBeUndefined();
});

test("says what is wrong without the key", async () => {
  await expect(read({ apiKeyEnv: "MY_KEY" })).rejects.toThrow(/no such variable/);
  await expect(read({ apiKeyFile: "none" })).rejects.toThrow(/cannot be read/);
  await expect(read({ apiKeyFile: "empty" })).rejects.toThrow(/is empty/);
  const refused = await read({ apiKeyFile: "open" }).catch((error: Error) => error.message);
  expect(refused).toMatch(/mode 640.*chmod 600/);
  expect(refused).not.toContain("from-file");
});
