/** The real AI CLIs, opened by their profiles: they are found and probed, and their screens are those that they paint in a bare terminal. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import type { AgentStatus } from "@gantry/contract";
import { expect, test } from "vitest";

import { aiCliStarts, freshHome } from "../support/ai-cli-starts.ts";
import { needAiCli } from "../support/ai-clis.ts";
import { startBareTerminal } from "../support/bare-terminal.ts";
import { environment, startTestDaemon } from "../support/daemon.ts";
import { type Painted, paintedBy } from "../support/terminal-cells.ts";
import { until } from "../support/until.ts";
import { differencesShown, inTerminal, none, sessionEnv, size } from "../support/user-terminal.ts";

test.for(aiCliStarts)("$cli up to its first question", { timeout: 180_000 }, async (start, context) => {
  const { cli, args = [], shows, env: more } = start;
  const folder = await needAiCli(context, cli);
  const root = await mkdtemp(join(tmpdir(), "gantry-cli-"));
  const home = join(root, "home");
  const work = join(root, "work");
  await mkdir(work);
  try {
    await using daemon = await startTestDaemon({ env: { PATH: `${folder}${delimiter}${environment("").PATH}` } });
    const profile = (await daemon.client.sessions.profiles({})).items.find(({ name }) => name === cli);
    expect(profile).toMatchObject({
      available: true,
      path: join(folder, cli),
      version: folder
        .split("/")
        .at(-2)
        ?.slice(cli.length + 1),
      features: { resume: true, headless: true, fullAccess: true },
      problems: [],
    });
    const env = sessionEnv(daemon, { ...more, HOME: home });
    let wanted: Painted;
    await freshHome(home, start);
    {
      await using bare = startBareTerminal(join(folder, cli), args, { ...size, cwd: work, env });
      await bare.shows(shows);
      await bare.settles(1500);
      wanted = paintedBy(bare.terminal);
    }
    await freshHome(home, start);
    await using user = inTerminal(daemon, ["open", "--name", "cli", "--cwd", work, cli], env);
    await user.shows(shows);
    expect(await differencesShown(daemon, user, "cli", wanted)).toEqual(none);
    const agent = await until(
      "its question is seen",
      async () => (await daemon.client.sessions.get({ id: "cli" })).agent as AgentStatus,
      ({ state }) => state === "waitingInput",
    );
    expect(agent).toMatchObject({ kind: "agent", source: "screen" });
    await daemon.client.sessions.kill({ id: "cli" });
    await user.exited;
  } finally {
    await rm(root, { recursive: true, force: true, maxRetries: 5 });
  }
});
