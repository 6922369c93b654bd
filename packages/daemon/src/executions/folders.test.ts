import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { createFolderCheck } from "./folders.ts";

test("what is no folder is refused by name, and one that goes away is noticed soon", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gantry-folders-"));
  let nowMs = 0;
  const check = createFolderCheck({ monotonic: () => nowMs });
  await writeFile(join(folder, "file"), "");
  await check(folder);
  await expect(check(join(folder, "file"))).rejects.toThrow(`cwd: the folder ${folder}/file is not a folder. Nothing was run.`);
  await expect(check(join(folder, "file/below"))).rejects.toThrow("cannot be looked at (ENOTDIR)");
  await rm(folder, { recursive: true });
  await check(folder);
  nowMs = 1000;
  await expect(check(folder)).rejects.toMatchObject({
    code: "invalidArgument",
    message: `cwd: the folder ${folder} does not exist. Nothing was run.`,
  });
});
