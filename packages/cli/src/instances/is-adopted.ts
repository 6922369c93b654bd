/** Whether a name is that of an adopted server instead of an instance. */
import { existsSync } from "node:fs";

import { localPaths } from "@gantry/client/node";

export function isAdopted(name: string): boolean {
  return existsSync(localPaths(name).adoptedFile);
}
