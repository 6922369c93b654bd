/**
 * The real AI CLIs in the page, up to their first question: its cells are those that the same program paints in a bare terminal, or, for
 * one that never starts twice alike, those that the same bytes paint there.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { expect, test } from "vitest";

import { build } from "../../scripts/build.ts";
import { attachOverWebSocket } from "../support/attach.ts";
import { aiCliStarts, freshHome } from "../support/ai-cli-starts.ts";
import { needAiCli } from "../support/ai-clis.ts";
import { startBareTerminal } from "../support/bare-terminal.ts";
import { startTestBrowser } from "../support/browser.ts";
import { environment, startTestDaemon } from "../support/daemon.ts";
import { chromium, need } from "../support/not-run.ts";
import { pageSize, terminalIn } from "../support/page-terminal.ts";
import { type Painted, paintedBy } from "../support/terminal-cells.ts";
import { sessionEnv } from "../support/user-terminal.ts";
import { visitPage } from "../support/visit.ts";

test.for(aiCliStarts)("$cli in the page, live and late", { timeout: 240_000 }, async (start, context) => {
  const { cli, args = [], shows, varies = false, env: more } = start;
  const folder = await needAiCli(context, cli);
  const executable = need(context, chromium);
  await build(["dashboard"], true);
  const root = await mkdtemp(join(tmpdir(), "gantry-cli-"));
  const [home, work] = [join(root, "home"), join(root, "work")];
  await mkdir(work);
  try {
    await using daemon = await startTestDaemon({ env: { PATH: `${folder}${delimiter}${environment("").PATH}` } });
    await using browser = await startTestBrowser(executable);
    const visit = (path: string) => visitPage(browser, daemon, path, context);
    const shape = await pageSize({ daemon, visit }, context);
    const env = sessionEnv(daemon, { ...more, HOME: home });
    let wanted: Painted | undefined;
    await freshHome(home, start);
    if (!varies) {
      await using bare = startBareTerminal(join(folder, cli), args, { ...shape, cwd: work, env });
      await bare.shows(shows);
      await bare.settles(1500);
      wanted = paintedBy(bare.terminal);
    }
    await freshHome(home, start);
    const { sessionId: id } = await daemon.client.sessions.open({ profile: cli, cwd: work, env, ...shape });
    // A bare terminal that is given all bytes: what they paint, whatever the program makes of a window that loses and gets the focus.
    const watcher = await attachOverWebSocket(daemon.url, daemon.key, id, { since: "0", readOnly: "true" });
    const page = await visit(`/sessions/${id}`);
    await page.getByText("In control", { exact: true }).waitFor();
    const terminal = terminalIn(page);
    await terminal.shows(shows);
    const now = () => paintedBy(watcher.terminal);
    const live = await terminal.differencesFrom(wanted ?? now);
    await page.reload();
    await page.getByText("In control", { exact: true }).waitFor();
    const late = await terminal.differencesFrom(now);
    watcher.close();
    await watcher.closed;
    expect({ live, late }).toEqual({ live: [], late: [] });
    await daemon.client.sessions.kill({ id });
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  }
});
