/** `npm run pack [-- <folder>]`: builds what is missing and makes the two tarballs that are published, in dist/ unless said otherwise. */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

import { build } from "./build.ts";
import { type Manifest, publishedClient, publishedGantry } from "./manifests.ts";

const root = resolve(import.meta.dirname, "..");

/** Resolves to the paths of the tarballs. */
export async function pack(folder: string): Promise<{ gantry: string; client: string }> {
  await build(["dashboard", "client", "gantry"], true);
  await mkdir(folder, { recursive: true });
  const manifest = (name: string) => readManifest(`packages/${name}/package.json`);
  const [cli, daemon, client] = await Promise.all([manifest("cli"), manifest("daemon"), manifest("client")]);
  const staging = await mkdtemp(join(tmpdir(), "gantry-pack-"));
  try {
    return {
      gantry: await packOne(
        publishedGantry(cli, daemon),
        { bin: "packages/cli/bin", dist: "packages/cli/dist" },
        join(staging, "gantry"),
        folder,
      ),
      client: await packOne(publishedClient(client), { dist: "packages/client/dist" }, join(staging, "client"), folder),
    };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

async function packOne(manifest: Manifest, contents: Record<string, string>, staging: string, folder: string): Promise<string> {
  await mkdir(staging, { recursive: true });
  await writeFile(join(staging, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  for (const [name, source] of Object.entries({ ...contents, LICENSE: "LICENSE", "README.md": "README.md" })) {
    await cp(join(root, source), join(staging, name), { recursive: true });
  }
  // Without --ignore-scripts a project's own lifecycle could run here; with --json npm says what it named the file.
  const { stdout } = await promisify(execFile)("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", resolve(folder)], {
    cwd: staging,
  });
  const report = JSON.parse(stdout) as { filename: string }[] | Record<string, { filename: string }>;
  const [packed] = Object.values(report);
  return join(resolve(folder), (packed as { filename: string }).filename);
}

async function readManifest(path: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(root, path), "utf8")) as Manifest;
}

if (import.meta.main) {
  const { gantry, client } = await pack(process.argv[2] ?? join(root, "dist"));
  process.stdout.write(`${gantry}\n${client}\n`);
}
