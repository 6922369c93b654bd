/**
 * Whether and how a host gets a scope of its own in the user's systemd: what ends with a service, or with a login, must not end the sessions.
 * See systemd.scope(5) and systemd-run(1).
 */
import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { delimiter, join } from "node:path";

export interface ScopeFacts {
  platform: NodeJS.Platform;
  env: Readonly<Record<string, string | undefined>>;
  user: string;
  exists(file: string): boolean;
}

/** systemd-run becomes what it starts, so that the host has the pid that was started. */
const systemdRun = [
  "systemd-run",
  "--user",
  "--scope",
  "--collect",
  "--quiet",
  "--description=Gantry's process host: sessions and programs",
  // When the kernel kills one of the programs for its memory, the others go on: the default of a scope is to end them all.
  "--property=Delegate=yes",
  "--",
];

/** The words to put before the host's own; undefined where it has to stay where the daemon is. */
export function scopeWords(facts: ScopeFacts = here()): readonly string[] | undefined {
  const { platform, env, user, exists } = facts;
  const runtime = env.XDG_RUNTIME_DIR;
  if (platform !== "linux" || runtime === undefined || !exists(join(runtime, "systemd/private"))) return undefined;
  // The user's systemd ends with the last login of a user who does not linger. A daemon of a service ends with it too; one of a login may
  // not, and then its sessions are safer where it is.
  const isService = env.INVOCATION_ID !== undefined;
  if (!isService && !exists(`/var/lib/systemd/linger/${user}`)) return undefined;
  const found = (env.PATH ?? "").split(delimiter).some((folder) => exists(join(folder, systemdRun[0] as string)));
  return found ? systemdRun : undefined;
}

function here(): ScopeFacts {
  return { platform: process.platform, env: process.env, user: userInfo().username, exists: existsSync };
}
