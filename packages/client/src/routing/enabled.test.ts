import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, beforeAll, expect, test, vi } from "vitest";

import { decideRouting, routingIn } from "./enabled.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-enabled-"));
  vi.spyOn(process, "cwd").mockReturnValue(folder);
  vi.stubEnv("GANTRY_HOME", folder);
  vi.stubEnv("GANTRY_INSTANCE", undefined);
});
afterAll(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test("the key is found wherever TOML allows it, and nowhere else", () => {
  expect(routingIn("[daemon]\nrouting = true")).toBe(true);
  expect(routingIn('instance = "x"\n\n  [ daemon ]  # here\nport = 1\n  routing=false # no')).toBe(false);
  expect(routingIn("daemon.routing = true\n[commands]")).toBe(true);
  expect(routingIn("[commands]\nrouting = true\n[daemon]\nport = 1")).toBeUndefined();
  expect(routingIn("[daemon]\n# routing = true\nroutingX = true")).toBeUndefined();
  expect(routingIn("")).toBeUndefined();
});

test("an execution never routes, whatever asks for it", () => {
  for (const mark of ["GANTRY_WORKER", "GANTRY_EXECUTION_ID"]) {
    expect(decideRouting({ autoRoute: true }, { [mark]: "1", GANTRY_ROUTING: "true" }).route).toBe(false);
  }
});

test("the environment comes first, then CI, then the configuration, then the code; autoRoute: false is a veto", () => {
  const decide = (autoRoute: boolean | undefined, env: Record<string, string>) => decideRouting({ autoRoute }, env).route;
  expect(decide(undefined, {})).toBe(false);
  expect(decide(true, {})).toBe(true);
  expect(decide(true, { CI: "true" })).toBe(false);
  expect(decide(true, { CI: "false" })).toBe(true);
  expect(decide(undefined, { CI: "true", GANTRY_ROUTING: "true" })).toBe(true);
  expect(decide(undefined, { GANTRY_DAEMON_ROUTING: "true" })).toBe(true);
  expect(decide(undefined, { GANTRY_DAEMON_ROUTING: "true", GANTRY_ROUTING: "false" })).toBe(false);
  expect(decide(false, { GANTRY_ROUTING: "true" })).toBe(false);
  writeFileSync(join(folder, "gantry.toml"), "[daemon]\nrouting = true\n");
  expect(decide(undefined, {})).toBe(true);
  expect(decide(undefined, { CI: "1" })).toBe(false);
  writeFileSync(join(folder, "gantry.toml"), "[daemon]\nrouting = false\n");
  expect(decide(true, {})).toBe(false);
});

test("a value that is neither true nor false is told", () => {
  expect(() => decideRouting({}, { GANTRY_ROUTING: "yes" })).toThrow(/GANTRY_ROUTING is "yes": it must be true or false/);
});
