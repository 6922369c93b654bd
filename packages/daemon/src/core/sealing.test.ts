import { randomBytes } from "node:crypto";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import fc from "fast-check";
import { expect, test } from "vitest";

import { createSealing, loadSealing } from "./sealing.ts";

test("what is sealed comes back, looks different each time, and opens with no other key and no changed byte", () => {
  const sealing = createSealing(randomBytes(32));
  const other = createSealing(randomBytes(32));
  fc.assert(
    fc.property(fc.string({ minLength: 4, unit: "grapheme" }), fc.nat(), (text, at) => {
      const sealed = sealing.seal(text);
      expect(sealing.open(sealed)).toBe(text);
      expect(sealing.seal(text)).not.toBe(sealed);
      expect(other.open(sealed)).toBeUndefined();
      const bytes = Buffer.from(sealed.slice("sealed:1:".length), "base64");
      const index = at % bytes.length;
      bytes[index] = (bytes[index] as number) ^ 1;
      expect(sealing.open(`sealed:1:${bytes.toString("base64")}`)).toBeUndefined();
      expect(sealing.digest(text)).toBe(sealing.digest(text));
      expect(other.digest(text)).not.toBe(sealing.digest(text));
    }),
  );
  expect(sealing.open('{"plain":1}')).toBe('{"plain":1}');
});

test("the key is made once, for its owner only", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gantry-sealing-"));
  try {
    const file = join(folder, "sealing.key");
    const sealed = (await loadSealing(file)).seal("kept");
    expect((await loadSealing(file)).open(sealed)).toBe("kept");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  } finally {
    await rm(folder, { recursive: true });
  }
});
