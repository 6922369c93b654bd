/** Finds out that a port is taken before anything of the instance is touched, and by whom. */
import { once } from "node:events";
import { createServer } from "node:net";

import { GantryError } from "@gantry/contract";

import { findPortHolder } from "./port-holder.ts";

/** Listens for a moment. Throws unavailable; 0 is always free. */
export async function mustBeFree(host: string, port: number): Promise<void> {
  if (port === 0) return;
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, "listening");
  } catch (cause) {
    throw (cause as NodeJS.ErrnoException).code === "EADDRINUSE" ? portTaken(port, cause) : cause;
  }
  server.close();
  await once(server, "close");
}

export function portTaken(port: number, cause: unknown): GantryError {
  const holder = findPortHolder(port);
  const who = holder === undefined ? "another process" : `process ${holder.pid} (${holder.command})`;
  return new GantryError(
    "unavailable",
    `Port ${port} is taken by ${who}. Nothing was started. Choose another with --port N (0 = any free port), or stop that process. More: gantry diagnose --port ${port}`,
    { cause, details: { port, ...holder } },
  );
}
