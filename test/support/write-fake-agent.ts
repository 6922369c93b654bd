/** Puts the scripted agent into a folder as a program of its own, with the quirks that a test wants. */
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { repository } from "./repository.ts";

export interface FakeAgentQuirks {
  /** By what it tells its state: its hooks, escape sequences, or only what it paints. */
  signals?: "hooks" | "osc" | "screen";
  /** Ends at once with this exit code. */
  dies?: number;
  /** Does not know full access. */
  old?: boolean;
  /** Every start's arguments are appended here. */
  log?: string;
}

/** Returns the program's path. */
export async function writeFakeAgent(folder: string, name: string, quirks: FakeAgentQuirks = {}): Promise<string> {
  const file = join(folder, name);
  const settings = [
    `FAKE_AGENT_SIGNALS=${quirks.signals ?? "hooks"}`,
    ...(quirks.dies === undefined ? [] : [`FAKE_AGENT_DIES=${quirks.dies}`]),
    ...(quirks.old === true ? ["FAKE_AGENT_OLD=1"] : []),
    ...(quirks.log === undefined ? [] : [`FAKE_AGENT_LOG='${quirks.log}'`]),
  ];
  const agent = join(repository, "test/support/fake-agent.ts");
  await writeFile(file, `#!/bin/sh\n${settings.join(" ")} exec '${process.execPath}' '${agent}' "$@"\n`);
  await chmod(file, 0o755);
  return file;
}
