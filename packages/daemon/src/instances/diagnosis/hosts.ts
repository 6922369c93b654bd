/** Checks the processes that outlive a daemon: hosts that keep sessions of a stopped instance, hosts of another version, and programs whose host is gone. */
import type { OperationOutput, sessionOperations } from "@gantry/contract";

import { commandLine } from "../../core/processes.ts";
import type { Sibling } from "../siblings.ts";
import { askRunning } from "./ask-running.ts";
import { type Check, type Draft, flag } from "./check.ts";

export const hosts: Check = {
  name: "process-host",
  async look({ siblings, sightHosts }) {
    const drafts = siblings.map(async (sibling): Promise<Draft[]> => {
      const { instance, paths, process } = sibling;
      if (process === "alive") return lookAtVersions(sibling);
      return sightHosts(paths.hostsDirectory).flatMap(({ number, pid, children }): Draft[] => {
        if (children.length === 0) return [];
        if (pid !== undefined) {
          return [
            {
              severity: "note",
              instance,
              cause: `The instance is stopped, and process host ${number} (process ${pid}) keeps ${children.length} of its programs running.`,
              consequence: "They go on, and the next daemon takes them up again.",
              remedy: `gantry start${flag(instance)}, or to end them: gantry start${flag(instance)} && gantry stop --sessions${flag(instance)}`,
            },
          ];
        }
        return children.map((child) => ({
          severity: "warning",
          instance,
          cause: `Process ${child.pid} (${commandLine(child.pid)}) belongs to ${child.id}, whose process host is gone.`,
          consequence: "Nobody reads what it prints, and nobody can attach to it.",
          remedy: `gantry start${flag(instance)} (ends what is left of it), or: kill ${child.pid}`,
        }));
      });
    });
    return (await Promise.all(drafts)).flat();
  },
};

async function lookAtVersions(sibling: Sibling): Promise<Draft[]> {
  const { instance } = sibling;
  const answer = await askRunning<OperationOutput<typeof sessionOperations.hosts>>(sibling, "sessions.hosts");
  return (answer?.items ?? [])
    .filter(({ draining, running }) => draining && running > 0)
    .map(({ number, pid, version, running }) => ({
      severity: "note",
      instance,
      cause: `Process host ${number} (process ${pid ?? "unknown"}) is of version ${version ?? "unknown"} and keeps ${running} running programs.`,
      consequence: "They work as before; the host gets no new ones and leaves with its last.",
      remedy: `gantry sessions list${flag(instance)}`,
    }));
}
