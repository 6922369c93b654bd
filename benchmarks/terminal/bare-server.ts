/** What is compared with: node-pty and ws with nothing between, one program per WebSocket, its command line in the query. Prints its port. */
import type { AddressInfo } from "node:net";

import { spawn } from "@lydell/node-pty";
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
server.on("connection", (socket, request) => {
  const argv = new URL(request.url as string, "http://localhost").searchParams.getAll("argv");
  const pty = spawn(argv[0] as string, argv.slice(1), { cols: 80, rows: 24, encoding: null });
  pty.onData((data) => socket.send(data, { binary: true }));
  pty.onExit(() => socket.close());
  socket.on("message", (data: Buffer) => pty.write(data));
  socket.on("close", () => pty.kill("SIGKILL"));
});
server.on("listening", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
