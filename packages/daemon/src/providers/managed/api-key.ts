/** Finds the key for an upstream: in a variable of the daemon's environment or in a file that only its owner can read. */
import { open } from "node:fs/promises";
import { resolve } from "node:path";

import type { ManagedProvider } from "./kind.ts";

/** Undefined when none is configured. Rejects with words that never hold the key. */
export async function readApiKey({
  settings: { apiKeyEnv, apiKeyFile },
  env,
  baseDirectory,
}: ManagedProvider): Promise<string | undefined> {
  if (apiKeyEnv !== undefined) {
    const key = env[apiKeyEnv]?.trim();
    if (key) return key;
    throw new Error(`apiKeyEnv names ${apiKeyEnv}, but the daemon's environment has no such variable: set it and restart the daemon`);
  }
  if (apiKeyFile === undefined) return undefined;
  const path = resolve(baseDirectory, apiKeyFile);
  const file = await open(path, "r").catch((error: Error) => {
    throw new Error(`apiKeyFile cannot be read: ${error.message}`);
  });
  try {
    const { mode } = await file.stat();
    if ((mode & 0o077) !== 0) {
      throw new Error(`apiKeyFile ${path} can be read by others (mode ${(mode & 0o777).toString(8)}): chmod 600 ${path}`);
    }
    const key = (await file.readFile("utf8")).trim();
    if (key === "") throw new Error(`apiKeyFile ${path} is empty`);
    return key;
  } finally {
    await file.close();
  }
}
