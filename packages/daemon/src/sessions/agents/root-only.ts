/** Whether a folder is one that only root can change anything of, all the way up: some programs take a system's settings from nowhere else. */
import { stat } from "node:fs/promises";
import { dirname } from "node:path";

const writableByOthers = 0o022;

/** What is not there yet counts as made by us. */
export async function onlyRootCanWrite(folder: string, uid: number | undefined = process.getuid?.()): Promise<boolean> {
  if (uid !== 0) return false;
  for (let at = folder; ; at = dirname(at)) {
    const facts = await stat(at).catch((error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? undefined : null));
    if (facts === null || (facts !== undefined && (facts.uid !== 0 || (facts.mode & writableByOthers) !== 0))) return false;
    if (at === dirname(at)) return true;
  }
}
