/** How the real AI CLIs start for the first time, up to the first question that they ask without a connection. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import type { AiCli } from "./ai-clis.ts";

export interface AiCliStart {
  cli: AiCli;
  /** What the profile starts it with; without them codex leaves a daemon of its own behind. */
  args?: string[];
  /** The first question that it asks without a connection. */
  shows: string;
  /** Two starts of its own differ: its notices come in another order, or it paints anew when it likes. */
  varies?: true;
  files: Record<string, string>;
  env: Record<string, string>;
}

export const quietClaude = { DISABLE_AUTOUPDATER: "1", CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1" };

export const aiCliStarts: AiCliStart[] = [
  {
    cli: "claude",
    shows: "Enter to confirm",
    // Its very first start needs a connection; later ones ask whether the folder is trusted.
    files: { ".claude.json": JSON.stringify({ hasCompletedOnboarding: true, theme: "dark" }) },
    env: quietClaude,
  },
  { cli: "codex", args: ["-c", "check_for_update_on_startup=false", "--no-daemon"], shows: "Press enter to continue", files: {}, env: {} },
  { cli: "gemini", shows: "Do you trust the files in this folder", varies: true, files: {}, env: {} },
];

/** A home in which the program has never run: everyone who starts it sees its very first start, at the same path. */
export async function freshHome(home: string, { files }: AiCliStart): Promise<void> {
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
  await mkdir(home);
  for (const [name, text] of Object.entries(files)) await writeFile(join(home, name), text);
}
