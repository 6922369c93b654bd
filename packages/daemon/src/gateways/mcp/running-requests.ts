/** Finds the call that a `notifications/cancelled` means: in the older era it comes as a request of its own, and there is no session to look in. */

export interface RunningRequests {
  add(keyId: string, requestId: string | number, abort: AbortController): () => void;
  /** Cancels when the message is such a notification and exactly one call of the key has that id. */
  noteCancellation(keyId: string, message: unknown): void;
}

export function createRunningRequests(): RunningRequests {
  const running = new Map<string, Set<AbortController>>();
  const nameOf = (keyId: string, requestId: string | number) => `${keyId} ${typeof requestId} ${requestId}`;
  return {
    add(keyId, requestId, abort) {
      const name = nameOf(keyId, requestId);
      const same = running.get(name) ?? new Set();
      running.set(name, same.add(abort));
      return () => {
        same.delete(abort);
        if (same.size === 0 && running.get(name) === same) running.delete(name);
      };
    },
    noteCancellation(keyId, message) {
      const { method, params } = (message ?? {}) as { method?: unknown; params?: { requestId?: unknown } };
      const requestId = params?.requestId;
      if (method !== "notifications/cancelled" || (typeof requestId !== "string" && typeof requestId !== "number")) return;
      const same = running.get(nameOf(keyId, requestId));
      // Two clients with one key may count alike: then only closing the request tells which one is meant.
      if (same?.size === 1) for (const abort of same) abort.abort("its caller cancelled it");
    },
  };
}
