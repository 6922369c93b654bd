/** Which daemon to connect to, and with which key: what was given, else the environment, else the local instance. */

export interface Target {
  url: string;
  key: string;
}

export async function findTarget({ url, key }: Partial<Target>): Promise<Target> {
  const environment = typeof process === "undefined" ? {} : process.env;
  const found = { url: url ?? environment["GANTRY_URL"], key: key ?? environment["GANTRY_KEY"] };
  if (found.url !== undefined && found.key !== undefined) return { url: found.url, key: found.key };
  const local = await findLocal();
  if (local) return { url: found.url ?? local.url, key: found.key ?? local.key };
  throw new Error(
    "No daemon to connect to: start one with `gantry start`, or give connect() a url and a key, or set GANTRY_URL and GANTRY_KEY.",
  );
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
