import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { createFileChanges } from "./file-changes.ts";

test("every way to change a file, also through the folders and links above it, is known at the very next question", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gantry-changes-"));
  const changes = createFileChanges();
  try {
    const releases = ["one", "two"].map((name) => join(folder, name, "deep"));
    for (const release of releases) {
      await mkdir(release, { recursive: true });
      await writeFile(join(release, "module.mjs"), release);
    }
    await symlink(join(folder, "one"), join(folder, "current"));
    const file = join(folder, "current/deep/module.mjs");
    const real = join(releases[0] as string, "module.mjs");

    const ways: Record<string, () => unknown> = {
      // By another process, and asked about in the same turn in which that has ended.
      write: () => execFileSync("sh", ["-c", 'echo changed > "$0"', real]),
      replace: () => writeFile(`${real}.new`, "other").then(() => rename(`${real}.new`, real)),
      "switch the link": () =>
        symlink(join(folder, "two"), join(folder, "next")).then(() => rename(join(folder, "next"), join(folder, "current"))),
      "rename the folder": () => rename(join(folder, "two"), join(folder, "three")),
      remove: () => rm(join(folder, "current")),
    };
    for (const [way, change] of Object.entries(ways)) {
      changes.cover([file]);
      const before = await changes.generation();
      // A file system that gives no notices leaves nothing to rely on, and that is told.
      if (before === undefined) return;
      expect([way, await changes.generation()]).toEqual([way, before]);
      await change();
      expect([way, await changes.generation()]).not.toEqual([way, before]);
    }
    changes.cover([file]);
    expect(await changes.generation()).toBeUndefined();
  } finally {
    changes.close();
    await rm(folder, { recursive: true });
  }
});
