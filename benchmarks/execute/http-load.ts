/** Sends one prepared request over and over on kept-alive connections, by node:net alone: on two cores the generator must cost next to nothing. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

import { percentile } from "../harness.ts";

export interface HttpLoad {
  /** Answers per second. */
  rate(total: number): Promise<number>;
  /** One at a time on one connection. */
  latencies(total: number): Promise<Record<string, number>>;
}

export interface HttpLoadOptions {
  url: string;
  path: string;
  body: object;
  key?: string;
  connections: number;
}

export function createHttpLoad({ url, path, body, key, connections }: HttpLoadOptions): HttpLoad {
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
  /** Anew for each measurement: between two of them others are measured, and a server closes a connection that is idle for long. */
  const withSockets = async <Result>(count: number, use: (sockets: Socket[]) => Promise<Result>): Promise<Result> => {
    const sockets = Array.from({ length: count }, () => connect({ port: Number(port), host: hostname, noDelay: true }));
    try {
      await Promise.all(sockets.map((socket) => once(socket, "connect")));
      return await use(sockets);
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  };

  return {
    rate: (total) =>
      withSockets(connections, async (sockets) => {
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
      }),
    latencies: (total) =>
      withSockets(1, async ([socket]) => {
        const taken: number[] = [];
        for (let count = 0; count < total; count += 1) {
          const begin = performance.now();
          await exchange(socket as Socket, request);
          taken.push(performance.now() - begin);
        }
        return { p50Ms: percentile(taken, 0.5), p99Ms: percentile(taken, 0.99) };
      }),
  };
}

function exchange(socket: Socket, request: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    // Its end has been told already and will not be told again.
    if (socket.closed) return reject(new Error("the server closed the connection"));
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
