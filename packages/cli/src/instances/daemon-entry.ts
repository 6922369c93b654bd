/** Where the daemon's program is: beside this one when installed, in its own package in a checkout. */
import { fileURLToPath } from "node:url";

export function daemonEntry(): string {
  const url = import.meta.url.endsWith(".ts") ? import.meta.resolve("@gantry/daemon/main") : new URL("./daemon.js", import.meta.url).href;
  return fileURLToPath(url);
}
