/** Checks of what the machine gives a daemon: a clock that goes forward, and descriptors to open files and sockets with. */
import { existsSync, statSync } from "node:fs";

import { descriptorLimit, descriptorsOf } from "../../core/processes.ts";
import { type Check, type Draft, flag, living } from "./check.ts";

/** File systems and clocks that are set now and then may differ by this much. */
const toleratedMs = 60_000;

export const clock: Check = {
  name: "clock",
  look({ siblings }) {
    const nowMs = Date.now();
    return siblings.flatMap(({ instance, paths, record, process }): Draft[] => {
      const startedMs = process === "alive" && record !== "unreadable" ? Date.parse(record?.startedAt ?? "") : Number.NaN;
      const writtenMs = existsSync(paths.databaseFile) ? statSync(paths.databaseFile).mtimeMs : Number.NaN;
      const latestMs = Math.max(...[startedMs, writtenMs].filter((time) => !Number.isNaN(time)), 0);
      if (latestMs <= nowMs + toleratedMs) return [];
      return [
        {
          severity: "warning",
          instance,
          cause: `This machine's clock says ${new Date(nowMs).toISOString()}, but the instance has files of ${new Date(latestMs).toISOString()}.`,
          consequence: "Schedules wait until the clock has caught up, and new history sorts before old.",
          remedy: "Set the clock: timedatectl set-ntp true",
        },
      ];
    });
  },
};

const usedShare = 0.8;
/** A session or connection takes one to three descriptors. */
const comfortableLimit = 1024;

export const descriptors: Check = {
  name: "descriptors",
  look: (scene) =>
    living(scene).flatMap(({ instance, record }): Draft[] => {
      const limit = descriptorLimit(record.pid);
      if (limit === undefined) return [];
      return lookAtDescriptors(instance, descriptorsOf(record.pid).length, limit);
    }),
};

/** Apart from the reading, so that a test can say how many there are. */
export function lookAtDescriptors(instance: string, used: number, limit: number): Draft[] {
  if (used < limit * usedShare && limit >= comfortableLimit) return [];
  const scarce = used >= limit * usedShare;
  return [
    {
      severity: scarce ? "error" : "warning",
      instance,
      cause: `It has ${used} files and sockets open of the ${limit} that its process may have.`,
      consequence: "At the limit no session, connection, or file can be opened any more.",
      remedy: `ulimit -n 65536 && gantry restart${flag(instance)} (for a service: LimitNOFILE=65536)`,
    },
  ];
}
