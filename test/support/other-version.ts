/** Another version of the daemon and the process host: this checkout's sources, in a folder of their own, that say another number. */
import { cp, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { repository } from "./repository.ts";

export interface OtherVersion extends AsyncDisposable {
  version: string;
  /** The daemon's entry. */
  main: string;
}

export async function copyAsVersion(version: string): Promise<OtherVersion> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "gantry-version-")));
  const [from, to] = [join(repository, "packages/daemon"), join(root, "packages/daemon")];
  await mkdir(to, { recursive: true });
  await cp(join(from, "src"), join(to, "src"), { recursive: true, filter: (path) => !path.endsWith(".test.ts") });
  const manifest = JSON.parse(await readFile(join(from, "package.json"), "utf8")) as object;
  await writeFile(join(to, "package.json"), JSON.stringify({ ...manifest, version }));
  await symlink(join(repository, "node_modules"), join(root, "node_modules"));
  return { version, main: join(to, "src/main.ts"), [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }) };
}
