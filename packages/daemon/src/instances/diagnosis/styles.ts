/** Checks whether the system wants to run an instance that somebody has started in the background. */
import { existsSync } from "node:fs";

import { servicePlaces } from "@gantry/contract";

import { type Check, type Draft, flag, living, type Scene } from "./check.ts";

export const style: Check = {
  name: "style",
  look: (scene) =>
    living(scene).flatMap(({ instance, record }): Draft[] => {
      const file = record.style === "daemon" ? serviceFile(scene, instance) : undefined;
      if (file === undefined) return [];
      return [
        {
          severity: "warning",
          instance,
          cause: `It runs in the daemon style (process ${record.pid}), and it is installed as a service too (${file}).`,
          consequence: "The service cannot start while it runs, and at the next login the service has the instance.",
          remedy: `gantry stop${flag(instance)} and start the service, or gantry service uninstall${flag(instance)}`,
        },
      ];
    }),
};

function serviceFile({ inputs }: Scene, instance: string): string | undefined {
  const { systemd, launchd } = servicePlaces(instance, inputs);
  return [systemd.file, launchd.file].find((file) => existsSync(file));
}
