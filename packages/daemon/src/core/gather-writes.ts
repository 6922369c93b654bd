/** Sends what is written to a socket in one turn of the event loop with one system call. */
import type { Duplex } from "node:stream";

/**
 * A WebSocket library writes each message by itself, and at ten thousand small messages a second the system calls cost more than
 * everything else. Immediates run right after the events of the same turn, so nothing waits for a timer.
 */
export function gatherWrites(socket: Duplex): void {
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean;
  const uncork = socket.uncork.bind(socket);
  let state: "idle" | "written" | "corked" = "idle";
  const beginTurn = () => {
    state = "written";
    setImmediate(endTurn);
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
  socket.write = ((...args: unknown[]) => {
    if (socket.writableCorked === 0) {
      if (state === "idle") beginTurn();
      else {
        state = "corked";
        socket.cork();
      }
    }
    return write(...args);
  }) as Duplex["write"];
}
