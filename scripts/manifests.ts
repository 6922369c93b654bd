/** The published package.json files, made from those of the workspace: our own packages are inside the bundles, everything else is installed. */

export interface Manifest {
  name: string;
  version: string;
  description?: string;
  license?: string;
  type?: string;
  sideEffects?: boolean;
  bin?: Record<string, string>;
  exports?: Record<string, unknown>;
  files?: string[];
  engines?: Record<string, string>;
  dependencies?: Record<string, string>;
  keywords?: string[];
  scripts?: Record<string, string>;
}

export const requiredNode = ">=24.12";

/** Bundled by scripts/build.ts. */
const bundled = new Set(["commander", "ink", "kysely", "picocolors", "react"]);

export function publishedGantry(cli: Manifest, daemon: Manifest): Manifest {
  const { name, version, description, license, bin } = cli;
  return {
    name,
    version,
    description,
    license,
    type: "module",
    bin,
    files: ["bin", "dist"],
    engines: { node: requiredNode },
    dependencies: installable({ ...daemon.dependencies, ...cli.dependencies }),
  };
}

export function publishedClient(client: Manifest): Manifest {
  const { name, version, description, license } = client;
  const entry = (file: string, types: string) => ({ types: `./dist/types/client/${types}.d.ts`, default: `./dist/${file}.js` });
  return {
    name,
    version,
    description,
    license,
    type: "module",
    sideEffects: false,
    exports: Object.fromEntries(
      Object.keys(client.exports ?? {}).map((path) => {
        const folder = path.slice(2);
        // Bundlers for browsers do not take the condition "node".
        return [path, folder === "" ? { node: entry("main", "node/main"), ...entry("index", "index") } : entry(folder, `${folder}/index`)];
      }),
    ),
    files: ["dist"],
    engines: { node: ">=22" },
    dependencies: installable(client.dependencies),
  };
}

function installable(dependencies: Record<string, string> = {}): Record<string, string> {
  const kept = Object.entries(dependencies).filter(([name]) => !name.startsWith("@gantry/") && !bundled.has(name));
  return Object.fromEntries(kept.toSorted(([one], [other]) => one.localeCompare(other)));
}
