/** Names of tools as clients accept them everywhere: `^[A-Za-z0-9_-]{1,64}$`, the same at each start, and never the same for two. */
import { createHash } from "node:crypto";

const longest = 64;
const markCharacters = 8;

/** `<provider>__<method>`; what does not fit is cut or replaced and then told apart by a hash of the whole. */
export function aggregateName(provider: string, method: string): string {
  return toToolName(`${provider}__${method}`);
}

export function toToolName(wanted: string): string {
  const plain = wanted.replaceAll(/[^A-Za-z0-9_-]/g, "_");
  if (plain === wanted && wanted.length <= longest && wanted.length > 0) return wanted;
  return `${plain.slice(0, longest - markCharacters - 1)}_${markOf(wanted)}`;
}

/** Two that came out the same, such as `a__b` of provider `a` and of provider `a__b`'s own, each get their mark. */
export function markedName(wanted: string): string {
  const plain = wanted.replaceAll(/[^A-Za-z0-9_-]/g, "_");
  return `${plain.slice(0, longest - markCharacters - 1)}_${markOf(`again ${wanted}`)}`;
}

function markOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, markCharacters);
}
