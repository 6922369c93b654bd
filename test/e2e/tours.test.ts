/** Every line that a page tells its reader to paste does what the page says: its `sh` blocks are pasted into one shell. */
import { rm } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { repository, startTestDaemon } from "../support/daemon.ts";
import { need, vim } from "../support/not-run.ts";
import { parseTourLine, readTour, takeTour } from "../support/tour.ts";

test("a line of a tour is read as its command, exit code, and output", () => {
  expect(parseTourLine("npx gantry run x --y   # Hello, Ada!")).toEqual({
    command: "npx gantry run x --y",
    exitCode: 0,
    prints: ["Hello, Ada!"],
  });
  expect(parseTourLine("npx gantry run x # exits 64, --name")).toEqual({ command: "npx gantry run x", exitCode: 64, prints: ["--name"] });
  expect(parseTourLine("npx gantry queue list   # (what waits)")).toEqual({ command: "npx gantry queue list", exitCode: 0, prints: [] });
  expect(parseTourLine("kill %1")).toEqual({ command: "kill %1", exitCode: 0, prints: [] });
});

test("docs/commands.md does what it says when it is pasted line by line", { timeout: 180_000 }, async () => {
  const lines = await readTour("docs/commands.md");
  expect(lines.length).toBeGreaterThan(40);
  await using daemon = await startTestDaemon({ configFile: join(repository, "examples/gantry.toml") });
  expect(await takeTour(daemon, lines, 150_000)).toEqual(lines);
});

test("the README's tour works when it is pasted line by line", { timeout: 180_000 }, async (context) => {
  need(context, vim);
  const lines = await readTour("README.md");
  expect(lines.length).toBeGreaterThan(20);
  await using daemon = await startTestDaemon({
    configFile: join(repository, "examples/gantry.toml"),
    // The tour starts an instance itself; its usual port may be somebody's.
    env: { GANTRY_DAEMON_PORT: "0" },
  });
  const seen = await takeTour(daemon, lines, 150_000);
  await rm(join(repository, "notes.txt"), { force: true });
  expect(seen).toEqual(lines);
});
