/** The official conformance suite of MCP against a server that stands behind Gantry, in both eras of the protocol. */
import { join } from "node:path";

import { expect, test } from "vitest";

import { collect, repository, startTestDaemon } from "../support/daemon.ts";
import { startKeyedProxy } from "../support/mcp/keyed-proxy.ts";
import { until } from "../support/until.ts";

const suite = join(repository, "node_modules/@modelcontextprotocol/conformance/dist/index.js");
const server = join(repository, "test/support/mcp/everything-server.ts");

test("a server behind /mcp/{provider} conforms, but for what is listed with its reason", async () => {
  await using daemon = await startTestDaemon({
    config: `[provider.everything]\ntype = "mcp"\ncommand = "node"\nargs = [${JSON.stringify(server)}]\n`,
  });
  await until(
    "the server to be up",
    () => daemon.client.providers.get({ name: "everything" }),
    ({ state }) => state === "ready",
  );
  await using proxy = await startKeyedProxy(daemon.url, daemon.key);
  const run = (requirements: string, ...more: string[]) =>
    collect(
      daemon.spawnProgram(process.execPath, [
        suite,
        "server",
        "--url",
        `${proxy.url}/mcp/everything`,
        "--requirements",
        requirements,
        ...more,
      ]),
    );
  const expected = join(import.meta.dirname, "mcp-conformance.yml");
  const [newer, older] = await Promise.all([run("2026-07-28"), run("2025-11-25", "--expected-failures", expected)]);
  for (const { stdout, stderr, exitCode } of [newer, older]) {
    expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
    // That it ran at all, and not that it found nothing to run.
    expect(Number(/Total: (\d+) passed/.exec(stdout)?.[1])).toBeGreaterThan(50);
  }
}, 120_000);
