/** Sends one prepared request over and over on kept-alive connections, by node:net alone: on two cores the generator must cost next to nothing. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { percentile } from "../harness.ts";

export interface HttpLoad {
  /** Answers per second. */
  rate(total: number): Promise<number>;
  /** One at a time on one connection. */
  latencies(total: number): Promise<Record<string, number>>;
  close(): void;
}

export interface HttpLoadOptions {
  url: string;
  path: string;
  body: object;
  key?: string;
  connections: number;
}

export async function createHttpLoad({ url, path, body, key, connections }: HttpLoadOptions): Promise<HttpLoad> {
  const { hostname, port, host } = new URL(url);
  const text = JSON.stringify(body);
  const request = Buffer.from(
    [
      `POST ${path} HTTP/1.1`,
      `host: ${host}`,
      "content-type: application/json",
      `content-length: ${Buffer.byteLength(text)}`,
      ...(key === undefined ? [] : [`authorization: Bearer ${key}`]),
      "",
      text,
    ].join("\r\n"),
  );
  const sockets = await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect(Number(port), hostname);
      socket.setNoDelay(true);
      await once(socket, "connect");
      return socket;
    }),
  );

  return {
    async rate(total) {
      let sent = 0;
      const begin = performance.now();
      const lane = async (socket: Socket) => {
        while (sent < total) {
          sent += 1;
          await exchange(socket, request);
        }
      };
      await Promise.all(sockets.map(lane));
      return (total / (performance.now() - begin)) * 1000;
    },
    async latencies(total) {
      const taken: number[] = [];
      for (let count = 0; count < total; count += 1) {
        const begin = performance.now();
        await exchange(sockets[0] as Socket, request);
        taken.push(performance.now() - begin);
      }
      return { p50Ms: percentile(taken, 0.5), p99Ms: percentile(taken, 0.99) };
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function exchange(socket: Socket, request: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    let answer = "";
    let wanted = Infinity;
    const onData = (chunk: Buffer) => {
      answer += chunk.toString("latin1");
      if (wanted === Infinity) {
        const head = answer.indexOf("\r\n\r\n");
        if (head < 0) return;
        const length = /content-length: (\d+)/i.exec(answer);
        if (!answer.startsWith("HTTP/1.1 200 ") || length === null) return fail(new Error(answer));
        wanted = head + 4 + Number(length[1]);
      }
      if (answer.length < wanted) return;
      socket.off("data", onData).off("close", onClose);
      resolve();
    };
    const fail = (error: Error) => {
      socket.off("data", onData).off("close", onClose);
      reject(error);
    };
    const onClose = () => fail(new Error("the server closed the connection"));
    socket.on("data", onData).on("close", onClose);
    socket.write(request);
  });
}
