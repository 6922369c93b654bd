/** Makes a folder that only its owner can enter, or says why one that is there cannot be trusted. */
import { mkdir, stat } from "node:fs/promises";

import { GantryError } from "@gantry/contract";

/** Throws configurationInvalid; nothing was changed then. */
export async function ensurePrivateFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new GantryError(
      "configurationInvalid",
      `${path} cannot be made (${(cause as Error).message}). Nothing was started; see GANTRY_HOME.`,
      {
        cause,
      },
    );
  }
  const { uid, mode } = await stat(path);
  const own = process.getuid?.();
  if (own !== undefined && uid !== own) {
    throw new GantryError(
      "configurationInvalid",
      `${path} belongs to user ${uid}, who could read or replace what is in it. Nothing was started. Run: sudo chown -R "$(id -un)" ${path}, or choose another GANTRY_HOME`,
    );
  }
  if ((mode & 0o077) !== 0) {
    throw new GantryError(
      "configurationInvalid",
      `${path} must be a folder that only its owner can enter. Nothing was started. Run: chmod 700 ${path}`,
    );
  }
}
