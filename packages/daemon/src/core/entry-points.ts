/** Where the daemon's sibling programs and the page's files are: in their folders in a checkout, all in one folder when built. */
import { fileURLToPath } from "node:url";

/** From this file in a checkout. The build (scripts/build.ts) makes one file of each, named as here. */
export const entrySources = {
  daemon: "../main.ts",
  "process-host": "../host/main.ts",
  "command-worker": "../executions/worker/main.ts",
  "agent-hook": "../sessions/agents/agent-hook.ts",
} as const;

/** Built files lie flat in one folder, shared pieces included, so that this works from whichever piece it ended up in. */
const isSource = import.meta.url.endsWith(".ts");

export function entryFile(name: keyof typeof entrySources): string {
  return fileURLToPath(new URL(isSource ? entrySources[name] : `./${name}.js`, import.meta.url));
}

/** The dashboard's built files. */
export function dashboardFolder(): string {
  return fileURLToPath(new URL(isSource ? "../../../dashboard/dist" : "./ui", import.meta.url));
}
