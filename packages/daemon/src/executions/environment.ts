/** The environment that commands start from: the daemon's own, without what configures the daemon. */

/** Kept, so that a `gantry` called by a command reaches the instance that runs it. */
const kept = new Set(["GANTRY_HOME"]);

export function commandEnvironment(own: Readonly<Record<string, string | undefined>>, instance: string): Record<string, string> {
  const entries = Object.entries(own).filter((entry): entry is [string, string] => {
    const [name, value] = entry;
    return value !== undefined && (!name.startsWith("GANTRY_") || kept.has(name));
  });
  return { ...Object.fromEntries(entries), GANTRY_INSTANCE: instance };
}
