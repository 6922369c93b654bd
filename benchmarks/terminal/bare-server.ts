/** What is compared with: node-pty and ws with nothing between, one program per WebSocket, its command line in the query. Prints its port. */
import type { AddressInfo } from "node:net";

import { type IPty, spawn } from "@lydell/node-pty";
import { type WebSocket, WebSocketServer } from "ws";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
/** Terminals that several look at. */
const shared = new Map<string, { pty: IPty; viewers: Set<WebSocket> }>();
server.on("connection", (socket, request) => {
  const query = new URL(request.url as string, "http://localhost").searchParams;
  const argv = query.getAll("argv");
  const name = query.get("share");
  if (name !== null) return share(name, argv, socket);
  const pty = spawn(argv[0] as string, argv.slice(1), { cols: 80, rows: 24, encoding: null });
  pty.onData((data) => socket.send(data, { binary: true }));
  pty.onExit(() => socket.close());
  socket.on("message", (data: Buffer) => pty.write(data));
  socket.on("close", () => pty.kill("SIGKILL"));
});
function share(name: string, argv: string[], socket: WebSocket): void {
  let one = shared.get(name);
  if (one === undefined) {
    const started = { pty: spawn(argv[0] as string, argv.slice(1), { cols: 80, rows: 24, encoding: null }), viewers: new Set<WebSocket>() };
    started.pty.onData((data) => {
      for (const viewer of started.viewers) viewer.send(data, { binary: true });
    });
    one = started;
    shared.set(name, one);
  }
  const { pty, viewers } = one;
  viewers.add(socket);
  socket.on("message", (data: Buffer) => pty.write(data));
  socket.on("close", () => {
    viewers.delete(socket);
    if (viewers.size > 0) return;
    shared.delete(name);
    pty.kill("SIGKILL");
  });
}

server.on("listening", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
