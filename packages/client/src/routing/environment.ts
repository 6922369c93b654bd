/** Gives a routed call the environment of its caller instead of the daemon's. */

type Environment = Record<string, string | undefined>;

/** Lists what the caller had, so that the worker can take away what it had not. No variable's name contains the separator. */
const listName = "GANTRY_CALLER_VARIABLES";
const separator = "=";

/** What the daemon accepts; a shell's exported functions, for example, stay behind. */
const sendable = /^[A-Za-z_][A-Za-z0-9_]*$/;
const longestValue = 131_072;

/** Without what configures Gantry itself: the worker has its own. */
export function callerEnvironment(env: Readonly<Environment>): Record<string, string> {
  const entries = Object.entries(env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && entry[1].length <= longestValue && sendable.test(entry[0]) && !entry[0].startsWith("GANTRY_"),
  );
  return { ...Object.fromEntries(entries), [listName]: entries.map(([name]) => name).join(separator) };
}

/** In the worker: leaves only what the caller had. The worker itself restores everything afterwards. */
export function becomeCaller(env: Environment): void {
  const list = env[listName];
  if (list === undefined) return;
  const had = new Set(list.split(separator));
  for (const name of Object.keys(env)) if (!had.has(name) && !name.startsWith("GANTRY_")) delete env[name];
  delete env[listName];
}
