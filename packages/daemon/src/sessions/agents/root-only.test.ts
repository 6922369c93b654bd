import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { onlyRootCanWrite } from "./root-only.ts";

test("a folder that root owns, or will make, below nothing that others may write", async () => {
  expect(await onlyRootCanWrite("/usr", 0)).toBe(true);
  expect(await onlyRootCanWrite("/usr/not/made/yet", 0)).toBe(true);
  expect(await onlyRootCanWrite("/usr", 1000)).toBe(false);
  const folder = await mkdtemp(join(tmpdir(), "gantry-root-"));
  try {
    await chmod(folder, 0o777);
    expect(await onlyRootCanWrite(join(folder, "below"), 0)).toBe(false);
  } finally {
    await rm(folder, { recursive: true });
  }
});
