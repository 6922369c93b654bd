import fc from "fast-check";
import { expect, test } from "vitest";

import { launchArguments, missingFlags } from "./arguments.ts";
import { builtInProfiles } from "./built-in.ts";

const profiles = new Map(builtInProfiles("/bin/sh").map((profile) => [profile.name, profile]));
const nothing = { fullAccess: false, resume: false, headless: false, extra: [], args: [] };
const everything = (name: string): string[] => {
  const { args, optionalArgs, resume, headless = [], fullAccess = [] } = profiles.get(name) as NonNullable<ReturnType<typeof profiles.get>>;
  return [...args, ...optionalArgs, ...(resume?.latest ?? []), ...(resume?.one ?? []), ...headless, ...fullAccess];
};
const build = (name: string, wishes: object, words: string[] | null = everything(name)) =>
  launchArguments(profiles.get(name) as NonNullable<ReturnType<typeof profiles.get>>, words, { ...nothing, ...wishes });

test.each([
  ["claude", { resume: true }, ["--continue"]],
  ["claude", { resume: "a-b", fullAccess: true }, ["--resume", "a-b", "--dangerously-skip-permissions"]],
  ["claude", { headless: true }, ["-p", "--output-format", "stream-json", "--input-format", "stream-json", "--verbose"]],
  [
    "codex",
    { resume: true, fullAccess: true },
    ["resume", "--last", "-c", "check_for_update_on_startup=false", "--no-daemon", "--dangerously-bypass-approvals-and-sandbox"],
  ],
  ["codex", { args: ["-m", "x"] }, ["-c", "check_for_update_on_startup=false", "--no-daemon", "-m", "x"]],
  ["gemini", { resume: true, fullAccess: true }, ["-r", "latest", "-y"]],
  ["cursor", { fullAccess: true, resume: "abc" }, ["--resume", "abc", "--force"]],
])("%s %j", (name, wishes, args) => {
  expect(build(name, wishes)).toEqual({ args, refusals: [] });
});

test("what the program's help does not name is refused when asked for, and left out when optional", () => {
  const words = ["-c", "--last", "resume"];
  expect(build("codex", {}, words)).toEqual({ args: ["-c", "check_for_update_on_startup=false"], refusals: [] });
  expect(build("codex", { fullAccess: true }, words).refusals).toEqual([
    "does not know --dangerously-bypass-approvals-and-sandbox, which full access needs",
  ]);
  expect(build("shell", { fullAccess: true }).refusals).toEqual(["has no arguments for full access"]);
  expect(build("claude", { resume: true }, null).refusals).toEqual(["does not know --continue, which resume needs"]);
});

test("no wish but full access ever brings the arguments of full access", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...profiles.keys()),
      fc.record({ resume: fc.oneof(fc.boolean(), fc.stringMatching(/^[a-z0-9]{1,8}$/)), headless: fc.boolean() }),
      (name, wishes) => {
        const { args } = build(name, wishes);
        for (const flag of profiles.get(name)?.fullAccess ?? []) expect(args).not.toContain(flag);
      },
    ),
  );
  expect(missingFlags(["--a=1", "b", "-c"], ["--a", "-c"], true)).toEqual([]);
});
