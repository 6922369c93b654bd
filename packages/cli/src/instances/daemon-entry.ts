/** Where the daemon's program is: beside this one when installed, in its own package in a checkout. */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

export function daemonEntry(): string {
  if (import.meta.url.endsWith(".ts")) return createRequire(import.meta.url).resolve("@gantry/daemon/main");
  return fileURLToPath(new URL("./daemon.js", import.meta.url));
}
