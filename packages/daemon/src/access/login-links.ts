/** Files of the owner's that lead a browser to the page with a code: a browser's arguments are seen by everybody on the machine, a file's text is not. */
import { randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface LoginLinks {
  /** Resolves to the file's path. It is gone after `lifetimeMs`, and when the daemon stops. */
  write(code: string, url: string, lifetimeMs: number): Promise<string>;
  /** Takes away the file of a code that was used. */
  remove(code: string): Promise<void>;
  close(): Promise<void>;
}

/** `directory` is the owner's alone. */
export function createLoginLinks(directory: string): LoginLinks {
  const links = new Map<string, { file: string; timer: NodeJS.Timeout }>();
  const remove = async (code: string) => {
    const link = links.get(code);
    if (link === undefined) return;
    links.delete(code);
    clearTimeout(link.timer);
    await rm(link.file, { force: true });
  };
  return {
    async write(code, url, lifetimeMs) {
      const file = join(directory, `open-${randomBytes(8).toString("hex")}.html`);
      await writeFile(file, page(url), { mode: 0o600, flag: "wx" });
      links.set(code, { file, timer: setTimeout(() => void remove(code).catch(() => undefined), lifetimeMs).unref() });
      return file;
    },
    remove,
    close: async () => void (await Promise.all([...links.keys()].map(remove))),
  };
}

/** `url` is our own: nothing in it can end the attribute. */
function page(url: string): string {
  return `<!doctype html>
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url=${url}">
<title>Gantry</title>
<p><a href="${url}">Open Gantry</a>
`;
}
