import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { createLogger } from "../core/logger.ts";
import { openDatabase } from "./database.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gantry-db-"));
});
afterEach(() => rm(folder, { recursive: true }));

const logger = createLogger({ level: "fatal" });

test("rows survive a reopening, and opening twice migrates once", async () => {
  const file = join(folder, "gantry.db");
  const first = await openDatabase(file, logger);
  const row = { id: "key_1", name: "n", role: "viewer", digest: "d", createdAtMs: 1, createdBy: "local" };
  await first.db
    .insertInto("keys")
    .values({ ...row, providerNames: null, expiresAtMs: null, lastUsedAtMs: null, revokedAtMs: null })
    .execute();
  await first.db.destroy();
  const second = await openDatabase(file, logger);
  expect(await second.db.selectFrom("keys").select("name").execute()).toEqual([{ name: "n" }]);
  await second.db.destroy();
});

test("a damaged database is set aside and named", async () => {
  const file = join(folder, "gantry.db");
  await writeFile(file, "this is no database, but it is long enough to look like a page of one".repeat(40));
  const { db, setAside } = await openDatabase(file, logger);
  expect(await db.selectFrom("keys").selectAll().execute()).toEqual([]);
  await db.destroy();
  expect((await readdir(folder)).map((name) => join(folder, name))).toContain(setAside);
});
