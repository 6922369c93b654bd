/** Many starts at once: one daemon, and everybody else is told the truth. `GANTRY_FAULT_ROUNDS=100` is the long form. */
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect, test } from "vitest";

import { runCli } from "../support/cli.ts";
import { processesOf } from "../support/processes.ts";
import { until } from "../support/until.ts";

const rounds = Number(process.env.GANTRY_FAULT_ROUNDS ?? 3);
const starters = 8;

test(
  `of ${starters} starts at once one wins and the others say so, ${rounds} times`,
  async () => {
    const root = await realpath(await mkdtemp(join(tmpdir(), "gantry-starts-")));
    const home = { cwd: root, env: { GANTRY_HOME: join(root, "h") }, timeoutMs: 60_000 };
    try {
      for (let round = 1; round <= rounds; round += 1) {
        const results = await Promise.all(Array.from({ length: starters }, () => runCli(["start", "--port", "0", "--json"], home)));
        const outcomes = results.map(
          ({ stdout, stderr }) => (stdout === "" ? { outcome: stderr, pid: 0 } : JSON.parse(stdout)) as { outcome: string; pid: number },
        );
        const expected = [...Array.from({ length: starters - 1 }, () => "alreadyRunning"), "started"];
        expect({ round, outcomes: outcomes.map(({ outcome }) => outcome).toSorted() }).toEqual({ round, outcomes: expected });
        expect(new Set(outcomes.map(({ pid }) => pid)).size).toBe(1);
        expect(await runCli(["stop", "--sessions"], home)).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("has stopped") });
      }
      await until(
        "nothing to be left",
        () => processesOf(join(root, "h")),
        (left) => left.length === 0,
      );
    } finally {
      await rm(root, { recursive: true });
    }
  },
  120_000 + rounds * 20_000,
);
