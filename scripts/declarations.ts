/** Puts the types of @gantry/client and of the contract inside it into one folder that stands alone when installed. */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";

/** `from` holds what `tsc -b` wrote for each package: `<package>/src/**\/*.d.ts`. */
export async function bundleDeclarations(from: string, to: string): Promise<void> {
  for (const name of ["client", "contract"]) {
    const source = join(from, name, "src");
    for (const file of await readdir(source, { recursive: true })) {
      if (!file.endsWith(".d.ts") || file.endsWith(".test.d.ts")) continue;
      const target = join(to, name, file);
      const toContract = relative(dirname(target), join(to, "contract"));
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, rewriteSpecifiers(await readFile(join(source, file), "utf8"), toContract));
    }
  }
}

/** Names files as Node would find them beside their .d.ts, and the contract by its path: nothing is installed under its name. */
export function rewriteSpecifiers(text: string, toContract: string): string {
  const contract = toContract.startsWith(".") ? toContract : `./${toContract}`;
  return text.replaceAll(/(\bfrom\s+|\bimport\s*\(?\s*)(["'])([^"'\n]+)\2/g, (_, before: string, quote: string, specifier: string) => {
    const rewritten = specifier
      .replace(/^@gantry\/contract$/, `${contract}/index.js`)
      .replace(/^@gantry\/contract\/(.+)$/, `${contract}/$1.js`)
      .replace(/^(\..*)\.tsx?$/, "$1.js");
    return `${before}${quote}${rewritten}${quote}`;
  });
}
