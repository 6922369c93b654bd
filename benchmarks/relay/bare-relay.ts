/** The least that a relay can do: hands a call on and its answer back, without checks, credit, deadlines, or keys. Prints its port. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { Server, type Socket } from "socket.io";

type Acknowledge = (answer: { ok: true; output: unknown }) => void;

const http = createServer();
const server = new Server(http, { transports: ["websocket"], perMessageDeflate: false });
const waiting = new Map<string, Acknowledge>();
let provider: Socket | undefined;
let calls = 0;

server.of("/providers").on("connection", (socket) => {
  provider = socket;
  socket.on("result", ({ id, data }: { id: string; data: unknown }) => {
    waiting.get(id)?.({ ok: true, output: data });
    waiting.delete(id);
  });
});
server.of("/cluster").on("connection", (socket) => {
  socket.on("invoke", ({ method, params }: { method: string; params: unknown }, acknowledge: Acknowledge) => {
    const id = String((calls += 1));
    waiting.set(id, acknowledge);
    provider?.emit("invoke", { id, method, params });
  });
});

http.listen(0, "127.0.0.1", () => console.log((http.address() as AddressInfo).port));
