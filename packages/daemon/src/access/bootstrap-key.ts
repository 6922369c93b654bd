/** The key of the machine's owner: made at first start, kept in a 0600 file that local tools and the sign-in of the page can use. */
import { readFile, writeFile } from "node:fs/promises";

import { localCaller, type AccessService } from "./service.ts";

/** Makes the key unless the file holds one that is still valid, so that a lost database does not lock the owner out. */
export async function ensureBootstrapKey(file: string, access: AccessService): Promise<void> {
  const existing = await readFile(file, "utf8").catch(() => "");
  if (access.verify(existing.trim()) !== undefined) return;
  const { key } = await access.create({ name: "bootstrap", role: "admin" }, localCaller);
  await writeFile(file, `${key}\n`, { mode: 0o600 });
}
