/** Checks of the files by which a daemon is found: its record, its socket, and the process they speak of. */
import { existsSync, rmSync } from "node:fs";

import { commandLine, holdersOf } from "../../core/processes.ts";
import { ask } from "../ask.ts";
import { healthOf, type Sibling } from "../siblings.ts";
import { type Check, type Draft, flag, living } from "./check.ts";

export const record: Check = {
  name: "record",
  look: ({ siblings }) => siblings.flatMap(lookAtRecord),
};

function lookAtRecord({ instance, paths, record: found, process }: Sibling): Draft[] {
  const fix = () => {
    // Somebody who holds the lock is about to write a new one.
    if (holdersOf(paths.lockFile).length === 0) rmSync(paths.recordFile, { force: true });
  };
  if (found === "unreadable") {
    return [
      {
        severity: "error",
        instance,
        cause: `${paths.recordFile} is not a record of an instance.`,
        consequence: "Nobody can find or stop a daemon of that name through it.",
        remedy: "gantry diagnose --fix (removes it unless a daemon runs)",
        fix,
      },
    ];
  }
  if (found === undefined || process === "alive") return [];
  const kept = "Nothing is lost: sessions and programs live on in the process host.";
  const [who, consequence] =
    process === "gone"
      ? [`process ${found.pid} of its record is gone`, kept]
      : [
          `process ${found.pid} of its record is gone, and its number belongs to another one now (${commandLine(found.pid)})`,
          `${kept} The stranger is never signalled.`,
        ];
  return [
    {
      severity: "warning",
      instance,
      cause: `The daemon ended without tidying up: ${who}.`,
      consequence,
      remedy: `gantry start${flag(instance)}, or gantry diagnose --fix (removes the record)`,
      fix,
    },
  ];
}

export const socket: Check = {
  name: "socket",
  async look({ siblings }) {
    const drafts: Draft[] = [];
    for (const { instance, paths, process } of siblings) {
      if (process === "alive" || !existsSync(paths.controlSocket) || holdersOf(paths.lockFile).length > 0) continue;
      const answers = await ask(paths.controlSocket, "instances.health", {}, 1000).then(
        () => true,
        () => false,
      );
      if (answers) continue;
      drafts.push({
        severity: "warning",
        instance,
        cause: `${paths.controlSocket} is left from a daemon that is gone.`,
        consequence: "None: the next start removes it.",
        remedy: "gantry diagnose --fix",
        fix: () => rmSync(paths.controlSocket, { force: true }),
      });
    }
    return drafts;
  },
};

export const unresponsive: Check = {
  name: "unresponsive",
  async look(scene) {
    const answers = await Promise.all(living(scene).map(async (sibling) => ({ sibling, health: await healthOf(sibling) })));
    return answers.flatMap(({ sibling: { instance, record: found }, health }): Draft[] => {
      if (health === undefined) {
        return [
          {
            severity: "error",
            instance,
            cause: `Process ${found.pid} lives but does not answer on its control socket.`,
            consequence: "Every command that needs the daemon waits or fails. Sessions go on in the process host.",
            remedy: `gantry stop${flag(instance)} (ends it by signal when it does not answer), then gantry start${flag(instance)}; why: gantry logs${flag(instance)}`,
          },
        ];
      }
      return Object.entries(health.checks ?? {}).flatMap(([name, { status, detail }]): Draft[] =>
        status === "ok"
          ? []
          : [
              {
                severity: "error",
                instance,
                cause: `Its own check of the ${name} fails: ${detail ?? "no reason given"}.`,
                consequence: "New work may be refused until it is mended.",
                remedy: `gantry logs${flag(instance)} --level warn`,
              },
            ],
      );
    });
  },
};

export const orphan: Check = {
  name: "orphan",
  look: ({ siblings }) =>
    siblings.flatMap(({ instance, paths, record: found, process }) =>
      process === "alive"
        ? []
        : holdersOf(paths.lockFile).map((pid): Draft => ({
            severity: "error",
            instance,
            cause: `Process ${pid} (${commandLine(pid)}) runs this instance ${found === undefined ? "without a record" : "but the record names another process"}.`,
            consequence: "Clients cannot find it, and another daemon of this name cannot start.",
            remedy: `If it has just been started, wait a second and look again; else: kill ${pid}`,
          })),
    ),
};
