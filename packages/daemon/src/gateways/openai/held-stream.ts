/**
 * A stream of events whose status waits for the first of them, so that a call which fails at once has its true status.
 *
 * After five seconds without one it commits to 200 and sends comments: proxies and clients give up on a connection that says nothing.
 */
import type { ServerResponse } from "node:http";

export const holdMs = 5_000;

export interface HeldStream {
  readonly isCommitted: boolean;
  readonly isClosed: boolean;
  /** False when the reader is behind: wait for `onDrain`. */
  send(frames: string): boolean;
  end(frames: string): void;
  /** Lets go of the response: the caller answers it in another way. Only before it was committed. */
  release(): void;
}

export interface HeldStreamParts {
  headers(): Record<string, string>;
  onDrain(): void;
  /** The reader went away before the end. */
  onGone(): void;
}

export function holdStream(response: ServerResponse, { headers, onDrain, onGone }: HeldStreamParts): HeldStream {
  let isCommitted = false;
  let isClosed = false;
  let isQuiet = true;

  const commit = () => {
    if (isCommitted) return;
    isCommitted = true;
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
      ...headers(),
    });
  };
  const beat = setInterval(() => {
    if (isQuiet) {
      commit();
      response.write(": still working\n\n");
    }
    isQuiet = true;
  }, holdMs);
  beat.unref();
  const close = () => {
    isClosed = true;
    clearInterval(beat);
  };
  response.on("drain", onDrain);
  response.once("close", () => {
    const isGone = !isClosed;
    close();
    if (isGone) onGone();
  });

  return {
    get isCommitted() {
      return isCommitted;
    },
    get isClosed() {
      return isClosed;
    },
    send(frames) {
      if (isClosed || frames === "") return true;
      isQuiet = false;
      commit();
      return response.write(frames);
    },
    end(frames) {
      if (isClosed) return;
      close();
      commit();
      response.end(frames);
    },
    release: close,
  };
}
