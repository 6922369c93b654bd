import { Configuration } from "@gantry/contract";
import { parse } from "smol-toml";
import { expect, test } from "vitest";

import { resolveProfiles } from "./resolve.ts";

const resolve = (toml: string) => resolveProfiles(Configuration.parse(parse(toml)).profile, "/bin/sh");

test.each([
  ["[profile.x]\nextends = 'cluade'\n", /\[profile\.x\] extends cluade, which is no profile. Did you mean claude\?/],
  ["[profile.a]\nextends = 'b'\n[profile.b]\nextends = 'a'\n", /extends itself: a → b → a/],
  ["[profile.x]\nargs = ['a']\n", /needs binary/],
  ["[profile.x]\nbinary = 'x'\n[[profile.x.rules]]\nstate = 'idle'\nmatch = '('\n", /rules\[0\]\.match "\(" is no RE2 pattern/],
])("a profile that cannot be: %s", (config, message) => {
  expect(() => resolve(config)).toThrow(message);
});

test("own profiles change those they extend, and their rules come first", () => {
  const profiles = resolve(`
[profile.claude]
env = { A = "1" }
[profile.mine]
extends = "claude"
binary = "/opt/mine"
args = ["--x"]
env = { B = "2" }
rules = [{ state = "idle", match = "ready" }]
`);
  expect(profiles.get("mine")).toMatchObject({
    binary: "/opt/mine",
    places: undefined,
    env: { A: "1", B: "2" },
    ownArgs: ["--x"],
    hooks: "claude",
  });
  expect(profiles.get("mine")?.rules[0]).toEqual({ state: "idle", match: "ready", in: "screen" });
  expect(profiles.get("claude")).toMatchObject({ source: "configuration", extends: "claude", binary: "claude" });
  expect(profiles.get("codex")).toMatchObject({ source: "builtIn", extends: null });
});
