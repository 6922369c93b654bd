/** The version of this package. Stands at the top of the sources because the built files lie at the same depth. */
import { createRequire } from "node:module";

export function packageVersion(): string {
  return (createRequire(import.meta.url)("../package.json") as { version: string }).version;
}
