/** What Gantry shows is what the program painted: cell by cell, attached from the start and late, against a bare terminal. */
import { expect, test } from "vitest";

import { attachOverWebSocket } from "../support/attach.ts";
import { startBareTerminal } from "../support/bare-terminal.ts";
import { startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { htop, less, need, tmux, vim } from "../support/not-run.ts";
import { lessScene, playScene, type Scene, tmuxScene, vimScene } from "../support/scenes.ts";
import { createTestTerminal, type Painted, paintedBy } from "../support/terminal-cells.ts";
import { until } from "../support/until.ts";
import { differencesShown, inTerminal, none, sessionEnv, size } from "../support/user-terminal.ts";

async function compare(daemon: TestDaemon, scene: Scene): Promise<Awaited<ReturnType<typeof differencesShown>>> {
  const [file = "", ...args] = scene.argv;
  let wanted: Painted;
  {
    await using bare = startBareTerminal(file, args, { ...size, cwd: daemon.folder, env: sessionEnv(daemon) });
    await playScene(bare, scene);
    wanted = paintedBy(bare.terminal);
  }
  await using user = inTerminal(daemon, ["open", "--name", "scene", "--", ...scene.argv], sessionEnv(daemon));
  await playScene(user, scene);
  const found = await differencesShown(daemon, user, "scene", wanted);
  await daemon.client.sessions.kill({ id: "scene" });
  await user.exited;
  return found;
}

test("vim, with numbers, a search, and a split", { timeout: 90_000 }, async (context) => {
  need(context, vim);
  await using daemon = await startTestDaemon();
  expect(await compare(daemon, await vimScene(daemon.folder))).toEqual(none);
});

test("less, with a search", { timeout: 90_000 }, async (context) => {
  need(context, less);
  await using daemon = await startTestDaemon();
  expect(await compare(daemon, await lessScene(daemon.folder))).toEqual(none);
});

test("tmux, with two panes", { timeout: 90_000 }, async (context) => {
  need(context, tmux);
  await using daemon = await startTestDaemon();
  expect(await compare(daemon, await tmuxScene(daemon.folder))).toEqual(none);
});

test("htop: the same bytes paint the same screen, from the start and late", { timeout: 90_000 }, async (context) => {
  need(context, htop);
  await using daemon = await startTestDaemon();
  await using user = inTerminal(daemon, ["open", "--name", "top", "--", "htop", "-d", "5"], sessionEnv(daemon));
  await user.shows("F10");
  user.type("\u001b[15~");
  await user.shows("F10Quit");
  // Its figures change all the time: stopped, it shows what it showed last.
  await daemon.client.sessions.signal({ id: "top", signal: "SIGSTOP" });
  const whole = await attachOverWebSocket(daemon.url, daemon.key, "top", { since: "0" });
  await user.settles();
  await until(
    "all of it has been sent",
    async () => (await daemon.client.sessions.get({ id: "top" })).outputBytes,
    (bytes) => bytes === whole.offset,
  );
  const bare = createTestTerminal(size.cols, size.rows);
  await new Promise<void>((resolve) => bare.write(whole.text(), resolve));
  expect(await differencesShown(daemon, user, "top", paintedBy(bare))).toEqual(none);
  await daemon.client.sessions.kill({ id: "top" });
});
