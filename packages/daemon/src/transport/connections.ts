/** Remembers which long-lived connections belong to which key, so that revoking the key closes them. */
export interface Connections {
  /** Returns the function to call when the connection has closed by itself. */
  track(keyId: string, close: () => void): () => void;
  closeAllOf(keyId: string): void;
  readonly count: number;
}

export function createConnections(): Connections {
  const closers = new Map<string, Set<() => void>>();
  return {
    track(keyId, close) {
      const own = closers.get(keyId) ?? new Set();
      closers.set(keyId, own);
      own.add(close);
      return () => {
        own.delete(close);
        if (own.size === 0 && closers.get(keyId) === own) closers.delete(keyId);
      };
    },
    closeAllOf(keyId) {
      for (const close of closers.get(keyId) ?? []) close();
    },
    get count() {
      return [...closers.values()].reduce((sum, own) => sum + own.size, 0);
    },
  };
}
