/** `npm run build [-- dashboard|gantry|client…]`: makes the files that are published. `--if-needed` skips what is newer than its sources. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { isBuiltin } from "node:module";
import { cp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { entrySources } from "@gantry/daemon/entry-points";
import { rolldown } from "rolldown";

import { bundleDeclarations } from "./declarations.ts";

const root = resolve(import.meta.dirname, "..");
const inRoot = (...parts: string[]) => join(root, ...parts);

/** Everything that npm can install stays outside of the bundles; our own packages go in. */
const isExternal = (id: string) => !id.startsWith(".") && !id.startsWith("/") && !id.startsWith("@gantry/");

interface Part {
  /** Changes in these folders make it stale. */
  sources: string[];
  /** Written last, so that its age is that of the whole. */
  product: string;
  build(): Promise<void>;
}

const parts: Record<string, Part> = {
  dashboard: {
    sources: ["packages/dashboard", "packages/client/src", "packages/contract/src"],
    product: "packages/dashboard/dist/index.html",
    async build() {
      await run("vite", ["build", "--logLevel", "warn"], inRoot("packages/dashboard"));
    },
  },
  gantry: {
    sources: ["packages/cli/src", "packages/daemon/src", "packages/client/src", "packages/contract/src", "packages/dashboard/dist"],
    product: "packages/cli/dist/third-party-licences.txt",
    async build() {
      const dist = inRoot("packages/cli/dist");
      await rm(dist, { recursive: true, force: true });
      // Two bundles: the CLI's start must not pay for pieces that it would share with the daemon.
      // commander and picocolors go into the CLI's: opening many small files is a good part of what a start costs.
      const inCli = /^(?:commander|picocolors)$/;
      // Hundreds of files, of which a fraction is used: for a daemon they are memory and a slower start.
      const inDaemon = /^(?:zod|kysely)(?:\/|$)/;
      await bundle({ gantry: inRoot("packages/cli/src/main.ts") }, dist, (id) => isExternal(id) && !inCli.test(id), "cjs");
      // Ink awaits at its top level, which CommonJS cannot load, and brings many packages: a module of its own, read by one verb only.
      await bundle(
        { top: inRoot("packages/cli/src/instances/top/screen.ts") },
        dist,
        (id) => isBuiltin(id) || id === "react-devtools-core",
        "esm",
        productionReact,
      );
      await bundle(daemonEntries(), dist, (id) => isExternal(id) && !inDaemon.test(id));
      await cp(inRoot("packages/dashboard/dist"), join(dist, "ui"), { recursive: true });
      await writeLicences(dist);
    },
  },
  client: {
    sources: ["packages/client/src", "packages/contract/src"],
    product: "packages/client/dist/index.js",
    async build() {
      const dist = inRoot("packages/client/dist");
      await rm(dist, { recursive: true, force: true });
      await run("tsc", ["-b", "packages/client"], root);
      await bundleDeclarations(inRoot(".types"), join(dist, "types"));
      await bundle(clientEntries(), dist, isExternal);
    },
  },
};

function daemonEntries(): Record<string, string> {
  const core = import.meta.resolve("@gantry/daemon/entry-points");
  return Object.fromEntries(Object.entries(entrySources).map(([name, path]) => [name, fileURLToPath(new URL(path, core))]));
}

function clientEntries(): Record<string, string> {
  const source = inRoot("packages/client/src");
  const entry = (folder: string) => [folder, join(source, folder, "index.ts")];
  const folders = ["node", "provider", "command", "commander", "batch-items"];
  const own = { index: join(source, "index.ts"), main: join(source, "node/main.ts") };
  return { ...own, ...(Object.fromEntries(folders.map(entry)) as Record<string, string>) };
}

const productionReact = { "process.env.NODE_ENV": '"production"' };

/** In the bundles `gantry top` finds its screen beside it. */
const topScreen = {
  name: "top-screen",
  resolveId: (source: string) => (source === "./top/screen.ts" ? { id: "./top.js", external: true } : null),
};

/** The CLI is CommonJS: Node loads that in two thirds of the time that a module takes. */
async function bundle(
  input: Record<string, string>,
  dist: string,
  external: (id: string) => boolean,
  format: "esm" | "cjs" = "esm",
  define: Record<string, string> = {},
): Promise<void> {
  const extension = format === "esm" ? "js" : "cjs";
  const build = await rolldown({
    input,
    external,
    platform: "node",
    logLevel: "warn",
    plugins: [topScreen],
    transform: { define },
    treeshake: { moduleSideEffects: false },
  });
  await build.write({
    dir: dist,
    format,
    entryFileNames: `[name].${extension}`,
    chunkFileNames: `[name]-[hash].${extension}`,
    sourcemap: false,
  });
  await build.close();
}

/** Their licences ask to go along with copies, and a bundle is one. */
async function writeLicences(dist: string): Promise<void> {
  const page = JSON.parse(await readFile(inRoot("packages/dashboard/package.json"), "utf8")) as { dependencies: Record<string, string> };
  const names = ["commander", "picocolors", "zod", "kysely", ...(await packagesBelow("ink")), ...Object.keys(page.dependencies)].filter(
    (name) => !name.startsWith("@gantry/"),
  );
  const texts = await Promise.all(
    [...new Set(names)].toSorted().map(async (name) => {
      const folder = inRoot("node_modules", name);
      const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
      const { license } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as { license: string };
      return `${name} (${license})\n\n${file === undefined ? "" : await readFile(join(folder, file), "utf8")}`;
    }),
  );
  await writeFile(join(dist, "third-party-licences.txt"), texts.join(`\n${"-".repeat(80)}\n\n`));
}

/** A package and everything that it brings along, found as npm has laid them out. */
async function packagesBelow(name: string, found = new Set<string>()): Promise<Set<string>> {
  if (found.has(name)) return found;
  found.add(name);
  const { dependencies = {} } = JSON.parse(await readFile(inRoot("node_modules", name, "package.json"), "utf8")) as {
    dependencies?: Record<string, string>;
  };
  for (const one of Object.keys(dependencies)) await packagesBelow(one, found);
  return found;
}

async function run(tool: string, args: string[], cwd: string): Promise<void> {
  const child = spawn(process.execPath, [inRoot("node_modules", toolFiles[tool] as string), ...args], { cwd, stdio: ["ignore", 2, 2] });
  const [status] = (await once(child, "exit")) as [number | null];
  if (status !== 0) throw new Error(`${tool} ${args.join(" ")} ended with status ${status}`);
}

/** The tools' own files, because npx would start a shell and an npm. */
const toolFiles: Record<string, string> = { vite: "vite/bin/vite.js", tsc: "typescript/bin/tsc" };

async function isFresh({ sources, product }: Part): Promise<boolean> {
  const made = await stat(inRoot(product)).catch(() => undefined);
  if (made === undefined) return false;
  const changed = await Promise.all(sources.map((folder) => newestChangeMs(inRoot(folder))));
  return Math.max(...changed) <= made.mtimeMs;
}

async function newestChangeMs(path: string): Promise<number> {
  const facts = await stat(path).catch(() => undefined);
  if (facts === undefined) return 0;
  if (!facts.isDirectory()) return facts.mtimeMs;
  const names = (await readdir(path)).filter((name) => name !== "node_modules" && (name !== "dist" || path.endsWith("/dist")));
  return Math.max(0, ...(await Promise.all(names.map((name) => newestChangeMs(join(path, name))))));
}

export async function build(names: string[], ifNeeded: boolean): Promise<void> {
  for (const name of names) {
    const part = parts[name];
    if (part === undefined) throw new Error(`There is nothing named ${name} to build. There are: ${Object.keys(parts).join(", ")}`);
    if (ifNeeded && (await isFresh(part))) continue;
    const begin = performance.now();
    process.stderr.write(`building ${name} … `);
    await part.build();
    process.stderr.write(`${((performance.now() - begin) / 1000).toFixed(1)} s\n`);
  }
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { "if-needed": { type: "boolean", default: false } } });
  await build(positionals.length > 0 ? positionals : Object.keys(parts), values["if-needed"]);
}
