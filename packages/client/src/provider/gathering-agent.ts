/** An HTTP agent whose connections send what is written in one turn of the event loop with one system call. */
import type { Agent } from "node:http";

import { gatherWrites } from "@gantry/contract/gather-writes";

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
    if (socket) gatherWrites(socket, setImmediate);
    return socket;
  };
  return agent;
}
