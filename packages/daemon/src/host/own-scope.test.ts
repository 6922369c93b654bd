import { expect, test } from "vitest";

import { scopeWords } from "./own-scope.ts";

const lingers = "/var/lib/systemd/linger/ada";
const inService = { PATH: "/opt/bin:/usr/bin", XDG_RUNTIME_DIR: "/run/user/1000", INVOCATION_ID: "0123" };
const { INVOCATION_ID: _service, ...inLogin } = inService;
const all = ["/run/user/1000/systemd/private", "/usr/bin/systemd-run"];

test.each([
  ["a service of a user's systemd", inService, all, true],
  ["a login of a user who lingers", inLogin, [...all, lingers], true],
  ["a login whose end may leave the daemon but not the user's systemd", inLogin, all, false],
  ["no systemd of the user", inService, [all[1], lingers], false],
  ["no systemd-run", inService, [all[0], lingers], false],
  ["no folder of the user's own", { ...inService, XDG_RUNTIME_DIR: undefined }, [...all, lingers], false],
])("%s", (_what, env, files, expected) => {
  const facts = { platform: "linux" as const, env, user: "ada", exists: (file: string) => files.includes(file) };
  expect(scopeWords(facts) !== undefined).toBe(expected);
  expect(scopeWords({ ...facts, platform: "darwin" })).toBeUndefined();
});
