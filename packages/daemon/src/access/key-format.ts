/** The shape of an API key: `gantry_<ULID>_<43 base64url>_<crc32>`. The checksum lets a scanner and a typo be told apart from a wrong key. */
import { hash, randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

const pattern = /^gantry_([0-9A-HJKMNP-TV-Z]{26})_([A-Za-z0-9_-]{43})_([0-9a-f]{8})$/;

export interface MintedKey {
  key: string;
  digest: Buffer;
}

/** `id` is `key_<ULID>`. The 43 characters carry 256 random bits. */
export function mintKey(id: string): MintedKey {
  const body = `gantry_${id.slice("key_".length)}_${randomBytes(32).toString("base64url")}`;
  const key = `${body}_${checksum(body)}`;
  return { key, digest: digestOf(key) };
}

/** The id inside a well-formed key, or undefined; says nothing about whether the key is any good. */
export function keyIdOf(key: string): string | undefined {
  const match = pattern.exec(key);
  if (match === null || checksum(key.slice(0, -9)) !== match[3]) return undefined;
  return `key_${match[1]}`;
}

export function digestOf(key: string): Buffer {
  return hash("sha256", key, "buffer");
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, "0");
}
