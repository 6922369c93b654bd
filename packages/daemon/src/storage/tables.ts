/** The typed shape of every table; each room's store.ts is the only writer of its rows. Times are epoch milliseconds. */

export interface KeysTable {
  id: string;
  name: string;
  role: string;
  /** SHA-256 of the whole key, hex. The key itself is stored nowhere but in the file of its owner. */
  digest: string;
  /** JSON array of provider names this key may register; null for any. */
  providerNames: string | null;
  createdAtMs: number;
  createdBy: string;
  expiresAtMs: number | null;
  lastUsedAtMs: number | null;
  revokedAtMs: number | null;
}

export interface Tables {
  keys: KeysTable;
}
