/** The files of services, as the systems that read them take them. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { servicePlaces } from "@gantry/contract/paths";
import { expect, test } from "vitest";

import { launchdAgent, systemdUnit } from "./definition.ts";

const facts = {
  instance: "second",
  argv: [process.execPath, "/opt/my gantry/100%/$HOME/daemon.js", "--style", "http", "--instance", "second"],
  workingDirectory: "/tmp",
  env: { GANTRY_HOME: '/tmp/a "quoted" folder', PATH: "/usr/bin:/bin" },
};

const placesIn = (homeDirectory: string) => servicePlaces(facts.instance, { env: {}, homeDirectory });

test("a systemd unit quotes what systemd would take apart, and leaves sessions alone when it stops", () => {
  const { name, file, text } = systemdUnit(facts, placesIn("/home/ada").systemd);
  expect({ name, file }).toEqual({ name: "gantry-second.service", file: "/home/ada/.config/systemd/user/gantry-second.service" });
  expect(text).toContain(`ExecStart="${process.execPath}" "/opt/my gantry/100%%/$$HOME/daemon.js" "--style" "http"`);
  expect(text).toContain('Environment="GANTRY_HOME=/tmp/a \\"quoted\\" folder"');
  expect(text).toContain("Type=notify");
  expect(text).toContain("KillMode=process");
});

test("systemd accepts the unit", (context) => {
  if (!existsSync("/usr/bin/systemd-analyze")) context.skip("not run: systemd-analyze is not installed");
  const folder = mkdtempSync(join(tmpdir(), "gantry-unit-"));
  try {
    const { name, text } = systemdUnit(facts, placesIn(folder).systemd);
    writeFileSync(join(folder, name), text);
    const said = execFileSync("systemd-analyze", ["verify", "--man=no", join(folder, name)], { encoding: "utf8", stdio: "pipe" });
    expect(said).toBe("");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a launchd agent is XML with every word as it is", () => {
  const { name, file, text } = launchdAgent(
    { ...facts, argv: ["/usr/bin/node", "a & b <c>"] },
    placesIn("/Users/ada").launchd,
    "/Users/ada/log",
  );
  expect({ name, file }).toEqual({ name: "dev.gantry.second", file: "/Users/ada/Library/LaunchAgents/dev.gantry.second.plist" });
  expect(text).toContain("<string>a &amp; b &lt;c&gt;</string>");
  expect(text).toContain("<key>AbandonProcessGroup</key>");
});
