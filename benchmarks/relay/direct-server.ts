/** The peer without a daemon between: a bare Socket.IO server with the same options, answering by acknowledgement. Prints its port. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { Server } from "socket.io";

const http = createServer();
const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false, serveClient: false });
io.of("/providers").on("connection", (socket) => {
  socket.on("invoke", ({ params }: { params: { text: string } }, acknowledge: (answer: unknown) => void) =>
    acknowledge({ ok: true, result: { text: params.text } }),
  );
});
http.listen(0, "127.0.0.1", () => process.stdout.write(`${(http.address() as AddressInfo).port}\n`));
