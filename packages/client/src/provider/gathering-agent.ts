/** An HTTP agent whose connections send what is written in one turn of the event loop with one system call. */
import type { Agent } from "node:http";
import type { Duplex } from "node:stream";

/**
 * A WebSocket library writes each message by itself; with many calls at once the system calls cost more than everything else.
 * Undefined outside Node, where the platform owns the socket.
 */
export async function createGatheringAgent(isTls: boolean): Promise<Agent | undefined> {
  if (typeof process === "undefined" || process.versions?.node === undefined) return undefined;
  const { Agent: Base } = isTls ? await import("node:https") : await import("node:http");
  const agent = new Base();
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    const socket = connect(options, callback);
    if (socket) gatherWrites(socket);
    return socket;
  };
  return agent;
}

function gatherWrites(socket: Duplex): void {
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
