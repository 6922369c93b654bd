/** The type `process`: a program that Gantry starts and that dials in over Socket.IO, with a key for its own name and nothing else. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { newId } from "../../core/ids.ts";
import { startProgram } from "./child-program.ts";
import type { StartInstance } from "./kind.ts";
import type { ProgramRecords } from "./program-records.ts";

export interface ProcessKindParts {
  records: ProgramRecords;
  /** For files with keys: 0700. */
  directory: string;
  /** Where the program dials in; known once the daemon listens. */
  url(): string;
  /** A key that may register this name, and dies with the program. */
  grant(name: string): { keyId: string; key: string; revoke(): void };
}

export function createProcessKind({ records, directory, url, grant }: ProcessKindParts): StartInstance {
  return async (context) => {
    const { provider, instance, joinedBy } = context;
    const { keyId, key, revoke } = grant(provider.name);
    // In a file and not in the environment: that is shown by process lists and handed on to every child of the program.
    const keyFile = join(directory, `${newId("prv")}.key`);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await writeFile(keyFile, `${key}\n`, { mode: 0o600, flag: "wx" });
    const forget = async () => {
      revoke();
      await rm(keyFile, { force: true });
    };
    try {
      const joined = joinedBy(keyId);
      // It is awaited only once the program runs.
      joined.catch(() => undefined);
      const program = await startProgram(context, records, {
        GANTRY_URL: url(),
        GANTRY_KEY_FILE: keyFile,
        GANTRY_PROVIDER_NAME: provider.name,
        GANTRY_PROVIDER_INSTANCE: instance,
      });
      try {
        // Nobody reads what it prints there; a full pipe would stop it.
        program.stdout.resume();
        await Promise.race([
          joined,
          program.exited.then((reason) => {
            throw new Error(`${reason} before it registered the provider ${provider.name}`);
          }),
        ]);
      } catch (error) {
        await program.end();
        throw error;
      }
      return {
        ended: program.exited,
        async stop() {
          await program.end();
          await forget();
        },
      };
    } catch (error) {
      await forget();
      throw error;
    }
  };
}
