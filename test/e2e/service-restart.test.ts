/** `gantry restart` of an instance that runs as a service: the system restarts it, with the flags that it keeps. A small systemctl stands in. */
import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, test } from "vitest";

import { startTestDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

test("restart asks the system when its service runs this very process, and says so when it cannot", async (context) => {
  if (process.platform !== "linux") context.skip("not run: services of systemd exist on Linux only");
  await using daemon = await startTestDaemon();
  const file = (name: string) => join(daemon.folder, name);
  await mkdir(file("bin"));
  await writeFile(
    file("bin/systemctl"),
    `#!/bin/sh
cd '${daemon.folder}' || exit 1
echo "$@" >> asked
case "$*" in
  *--property=MainPID*) cat main-pid ;;
  *restart*) if [ -e refuses ]; then echo 'Unit is masked.' >&2; exit 1; fi; while [ ! -e done ]; do sleep 0.05; done ;;
esac
`,
  );
  await chmod(file("bin/systemctl"), 0o755);
  const env = { PATH: `${file("bin")}:${process.env.PATH}`, XDG_CONFIG_HOME: file("config") };
  const foreground = { exitCode: 64, stderr: expect.stringContaining("restart it where it runs") };

  expect(await daemon.cli(["restart"], { env })).toMatchObject(foreground);
  expect(await daemon.cli(["service", "install", "--no-enable"], { env })).toMatchObject({ exitCode: 0 });
  await writeFile(file("main-pid"), "1\n");
  expect(await daemon.cli(["restart"], { env })).toMatchObject(foreground);

  await writeFile(file("main-pid"), `${daemon.pid}\n`);
  await writeFile(file("refuses"), "");
  expect(await daemon.cli(["restart"], { env })).toMatchObject({ exitCode: 69, stderr: expect.stringContaining("Unit is masked.") });
  expect(await daemon.cli(["restart", "--paused"], { env })).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining("queue pause"),
  });

  await rm(file("refuses"));
  await writeFile(file("asked"), "");
  const before = daemon.pid;
  const restarting = daemon.cli(["restart", "--all"], { env, timeoutMs: 50_000 });
  await until(
    "the system to be asked",
    () => readFile(file("asked"), "utf8"),
    (asked) => asked.includes("--user restart gantry-default.service"),
  );
  await daemon.restart();
  await writeFile(file("done"), "");
  expect(await restarting).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining(`has been restarted: pid ${daemon.pid}, ${daemon.url}/ui/`),
  });
  expect(daemon.pid).not.toBe(before);
});
