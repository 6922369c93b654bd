/** Checks of an instance's folders: whose they are, who may read them, whether the database is sound, and whether there is room. */
import { chmodSync, existsSync, lstatSync, realpathSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

import type { Sibling } from "../siblings.ts";
import { type Check, type Draft, flag } from "./check.ts";

export const permissions: Check = {
  name: "permissions",
  look: ({ siblings }) => siblings.flatMap(({ instance, paths }) => privateFiles(paths).flatMap((file) => lookAtMode(instance, file))),
};

const privateFiles = (paths: Sibling["paths"]) => [
  paths.stateDirectory,
  paths.databaseFile,
  paths.bootstrapKeyFile,
  paths.outputsDirectory,
  dirname(paths.logFile),
  paths.logFile,
  paths.runDirectory,
  paths.recordFile,
  paths.controlSocket,
  paths.hostsDirectory,
];

function lookAtMode(instance: string, file: string): Draft[] {
  if (!existsSync(file)) return [];
  const { mode, uid } = lstatSync(file);
  if (uid !== process.getuid?.()) {
    return [
      {
        severity: "error",
        instance,
        cause: `${file} belongs to user ${uid}, not to you.`,
        consequence: "The daemon refuses to use it, because its owner could read or replace what is in it.",
        remedy: `sudo chown -R "$(id -un)" ${file}, or move it away`,
      },
    ];
  }
  if ((mode & 0o077) === 0) return [];
  const owner = (mode & 0o700).toString(8);
  return [
    {
      severity: "error",
      instance,
      cause: `${file} can be used by other users (mode ${(mode & 0o777).toString(8)}).`,
      consequence: "Whoever can read keys or reach the control socket can run programs as you.",
      remedy: `chmod ${owner} ${file}, or gantry diagnose --fix`,
      fix: () => chmodSync(file, mode & 0o700),
    },
  ];
}

export const stateFolder: Check = {
  name: "state-folder",
  look({ siblings }) {
    const byPlace = new Map<string, string[]>();
    for (const { instance, paths } of siblings) {
      if (!existsSync(paths.stateDirectory)) continue;
      const place = realpathSync(paths.stateDirectory);
      byPlace.set(place, [...(byPlace.get(place) ?? []), instance]);
    }
    return [...byPlace].flatMap(([place, names]): Draft[] =>
      names.length < 2
        ? []
        : [
            {
              severity: "error",
              cause: `Instances ${names.join(" and ")} share the state folder ${place}.`,
              consequence: "Two daemons would write one database, and each would end what the other runs.",
              remedy: `Stop all but one of them, then replace the link among ${names.join(", ")} with a folder of its own`,
            },
          ],
    );
  },
};

export const database: Check = {
  name: "database",
  look: ({ siblings }) =>
    siblings.flatMap(({ instance, paths, process }): Draft[] => {
      // A running daemon has told of its database in its health.
      if (process === "alive" || !existsSync(paths.databaseFile)) return [];
      const problem = problemOf(paths.databaseFile);
      if (problem === undefined) return [];
      return [
        {
          severity: "error",
          instance,
          cause: `${paths.databaseFile} cannot be used: ${problem}.`,
          consequence:
            "The next start sets it aside under another name and begins a new one; history, keys, and schedules stay in the old file.",
          remedy: `Restore it from a backup before gantry start${flag(instance)}, or repair it: sqlite3 ${paths.databaseFile} .recover`,
        },
      ];
    }),
};

function problemOf(file: string): string | undefined {
  try {
    const opened = new DatabaseSync(file, { readOnly: true });
    try {
      const row = opened.prepare("PRAGMA quick_check(1)").get() as { quick_check?: string } | undefined;
      return row?.quick_check === "ok" ? undefined : (row?.quick_check ?? "it could not be checked");
    } finally {
      opened.close();
    }
  } catch (error) {
    return (error as Error).message;
  }
}

const lowBytes = 1024 ** 3;
const nearlyFullBytes = 100 * 1024 ** 2;

export const disk: Check = {
  name: "disk",
  look({ siblings }) {
    const seen = new Set<string>();
    return siblings.flatMap(({ paths }): Draft[] => {
      if (!existsSync(paths.stateDirectory)) return [];
      const place = String(lstatSync(realpathSync(paths.stateDirectory)).dev);
      if (seen.has(place)) return [];
      seen.add(place);
      const { bavail, bsize } = statfsSync(paths.stateDirectory);
      return lookAtRoom(paths.stateDirectory, bavail * bsize);
    });
  },
};

/** Apart from the reading, so that a test can say how much room there is. */
export function lookAtRoom(folder: string, freeBytes: number): Draft[] {
  if (freeBytes >= lowBytes) return [];
  return [
    {
      severity: freeBytes < nearlyFullBytes ? "error" : "warning",
      cause: `Only ${Math.floor(freeBytes / 1024 ** 2)} MiB are free on the disk of ${folder}.`,
      consequence: "When it is full, new executions are refused; sessions and reads go on.",
      remedy: `Free some space; what Gantry keeps there: du -sh ${folder}/*`,
    },
  ];
}
