/** Tells systemd that the daemon is ready, when it was started as a service of `Type=notify`. */
import { execFile } from "node:child_process";

import type { Logger } from "./logger.ts";

const variable = "NOTIFY_SOCKET";

/** Takes the socket's address out of the environment, so that no command or provider can speak in the daemon's name. */
export function takeNotifySocket(env: NodeJS.ProcessEnv): string | undefined {
  const socket = env[variable];
  delete env[variable];
  return socket;
}

/** Through systemd's own program, because Node has no datagram sockets of the kind that sd_notify(3) speaks to. */
export function notifyReady(socket: string | undefined, logger: Logger): void {
  if (socket === undefined) return;
  execFile(
    "systemd-notify",
    ["--no-block", "--ready", `--pid=${process.pid}`],
    { env: { ...process.env, [variable]: socket } },
    (error) => {
      if (error !== null) logger.warn({ err: error }, "systemd could not be told that the daemon is ready; it may end it");
    },
  );
}
