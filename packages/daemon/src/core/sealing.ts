/** Keeps texts unreadable at rest: what must outlive a restart but must not be found by whoever reads the database or a copy of it. */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";

export interface Sealing {
  seal(text: string): string;
  /** Undefined when it was sealed with another key or is damaged. A text that was never sealed is returned as it is. */
  open(sealed: string): string | undefined;
  /** The same for the same text; tells nothing about it to whoever has no key. */
  digest(text: string): string;
}

const prefix = "sealed:1:";
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** AES-256-GCM, HMAC-SHA-256. */
export function createSealing(key: Buffer): Sealing {
  const digestKey = createHmac("sha256", key).update("digest").digest();
  return {
    seal(text) {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", key, nonce);
      const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return prefix + Buffer.concat([nonce, cipher.getAuthTag(), body]).toString("base64");
    },
    open(sealed) {
      if (!sealed.startsWith(prefix)) return sealed;
      const bytes = Buffer.from(sealed.slice(prefix.length), "base64");
      try {
        const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, nonceBytes));
        decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
        return decipher.update(bytes.subarray(nonceBytes + tagBytes), undefined, "utf8") + decipher.final("utf8");
      } catch {
        return undefined;
      }
    },
    digest: (text) => createHmac("sha256", digestKey).update(text).digest("base64url"),
  };
}

/** With the key in the file, which is made when it is not there. */
export async function loadSealing(file: string): Promise<Sealing> {
  const found = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const known = Buffer.from(found.trim(), "base64");
  if (known.length === keyBytes) return createSealing(known);
  const key = randomBytes(keyBytes);
  await writeFile(file, `${key.toString("base64")}\n`, { mode: 0o600 });
  return createSealing(key);
}
