/** What a client needs of a connection to the daemon, whatever carries it. */
export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Gives up with deadlineExceeded after this time without an answer. */
  timeoutMs?: number | undefined;
  /**
   * Items that the call goes on with, for operations whose input can say `input: "stream"`. Taken no faster than they can be passed on, and
   * ended early (`return`) when the answer comes first. When it throws, the call is cancelled and rejects with what was thrown.
   */
  input?: AsyncIterable<unknown> | Iterable<unknown> | undefined;
}

export interface Transport {
  call(operation: string, input: unknown, options?: CallOptions): Promise<unknown>;
  stream(operation: string, input: unknown, options?: CallOptions): AsyncIterable<unknown>;
}
