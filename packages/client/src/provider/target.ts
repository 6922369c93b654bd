/** Which daemon to connect to, and with which key: what was given, else the environment, else the local instance. */

export interface Target {
  url: string;
  key: string;
}

/** Undefined when no instance runs on this machine (now). Throws when only half of a remote target is given. */
export async function findTarget({ url, key }: Partial<Target>): Promise<Target | undefined> {
  const environment = typeof process === "undefined" ? {} : process.env;
  const found = { url: url ?? environment["GANTRY_URL"], key: key ?? environment["GANTRY_KEY"] ?? (await keyFromFile(environment)) };
  if (found.url !== undefined && found.key !== undefined) return { url: found.url, key: found.key };
  if (found.url !== undefined)
    throw new Error(`A key is needed for ${found.url}: give connect() a key, or set GANTRY_KEY or GANTRY_KEY_FILE.`);
  const local = await findLocal();
  return local && { url: local.url, key: found.key ?? local.key };
}

/** A program that Gantry starts finds its key in a file that only its user can read. */
async function keyFromFile(environment: Record<string, string | undefined>): Promise<string | undefined> {
  const file = environment["GANTRY_KEY_FILE"];
  if (file === undefined) return undefined;
  const { readFile } = await import("node:fs/promises");
  return (await readFile(file, "utf8")).trim();
}

/** The instance that runs on this machine, with its owner's key; undefined when there is none, or no machine to look at. */
async function findLocal(): Promise<Target | undefined> {
  if (typeof process === "undefined") return undefined;
  const [{ chooseInstance, localPaths, readRecord }, { readFile }] = await Promise.all([
    import("../node/discovery.ts"),
    import("node:fs/promises"),
  ]);
  const paths = localPaths(chooseInstance());
  const record = readRecord(paths);
  if (record === undefined) return undefined;
  return { url: record.url, key: (await readFile(paths.bootstrapKeyFile, "utf8")).trim() };
}
