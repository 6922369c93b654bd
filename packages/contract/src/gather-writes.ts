/** Sends what is written to a socket in one turn of the event loop with one system call. */

/** As much of a stream as this touches; node:stream's Duplex and Socket have it. */
interface CorkableSocket {
  write: (...args: never[]) => boolean;
  cork(): void;
  uncork: () => void;
  readonly writableCorked: number;
}

/**
 * A WebSocket library writes each message by itself, and at ten thousand small messages a second the system calls cost more than
 * everything else. `afterTurn` is Node's setImmediate, which runs right after the events of the same turn, so nothing waits for a timer.
 */
export function gatherWrites(socket: CorkableSocket, afterTurn: (work: () => void) => unknown): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  const uncork = socket.uncork.bind(socket);
  let state: "idle" | "written" | "corked" = "idle";
  const beginTurn = () => {
    state = "written";
    afterTurn(endTurn);
  };
  const endTurn = () => {
    if (state === "corked") uncork();
    state = "idle";
  };
  // The first message of a turn leaves at once, so that a lone one is not delayed. A message of two buffers comes between cork and uncork.
  socket.uncork = () => {
    if (state === "written" && socket.writableCorked === 1) state = "corked";
    else {
      if (state === "idle") beginTurn();
      uncork();
    }
  };
  socket.write = (...args: unknown[]) => {
    if (socket.writableCorked === 0) {
      if (state === "idle") beginTurn();
      else {
        state = "corked";
        socket.cork();
      }
    }
    return write(...args);
  };
}
