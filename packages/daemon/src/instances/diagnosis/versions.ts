/** Checks whether what runs is what is installed and configured now. */
import { protocolRange } from "@gantry/contract";

import { configHash } from "../../config-changes.ts";
import { type Check, type Draft, flag, living } from "./check.ts";

export const version: Check = {
  name: "version",
  look: (scene) =>
    living(scene).flatMap(({ instance, record }): Draft[] => {
      if (record.version === scene.version) return [];
      const { min, max } = record.protocol;
      const speaks = min <= protocolRange.max && max >= protocolRange.min;
      return [
        {
          severity: speaks ? "warning" : "error",
          instance,
          cause: `It runs version ${record.version}, and this program is ${scene.version}.`,
          consequence: speaks
            ? "Both understand each other; what is new works after a restart."
            : "They share no protocol version: only stop, status, logs, and version work.",
          remedy: `gantry restart${flag(instance)} (sessions and queued work stay)`,
        },
      ];
    }),
};

const overriding = new Set(["--host", "--port", "--log-level"]);

export const configuration: Check = {
  name: "configuration",
  look(scene) {
    const { chosen, config } = scene;
    if ("problem" in config) {
      return [
        {
          severity: "error",
          instance: chosen,
          cause: config.problem,
          consequence: "The instance cannot be started; one that runs keeps what it has.",
          remedy: "gantry config validate",
        },
      ];
    }
    const running = living(scene).find(({ instance }) => instance === chosen);
    // Started from another folder or with flags of its own, it has another configuration by intent.
    if (running === undefined || running.record.configFile !== config.configFile) return [];
    if (running.record.launch.flags.some((word) => overriding.has(word))) return [];
    const hash = configHash(config.config);
    const { configHash: inForce, pending } = running.record;
    if (hash === inForce) return [];
    if (hash === pending?.configHash) {
      return [
        {
          severity: "warning",
          instance: chosen,
          cause: `${pending.keys.join(", ")} in ${config.configFile ?? "the environment"} cannot change while the instance runs.`,
          consequence: "What was in force before the reload stays in force.",
          remedy: `gantry restart${flag(chosen)}`,
        },
      ];
    }
    return [
      {
        severity: "warning",
        instance: chosen,
        cause: `${config.configFile ?? "The environment"} has changed since the instance read it.`,
        consequence: "What changed is not in force.",
        remedy: `gantry config reload${flag(chosen)}`,
      },
    ];
  },
};
