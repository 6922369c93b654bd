/** What a client needs of a connection to the daemon, whatever carries it. */
export interface CallOptions {
  signal?: AbortSignal | undefined;
  /** Gives up with deadlineExceeded after this time without an answer. */
  timeoutMs?: number | undefined;
}

export interface Transport {
  call(operation: string, input: unknown, options?: CallOptions): Promise<unknown>;
  stream(operation: string, input: unknown, options?: CallOptions): AsyncIterable<unknown>;
}
