/** Sends a request exactly as written, because HTTP libraries refuse to send what an attacker would. */
import { connect } from "node:net";

export interface RawAnswer {
  status: number;
  headers: string;
  body: string;
}

/** `lines` are the request line and the headers; the connection is closed after the answer. */
export function rawRequest(port: number, lines: string[], body = ""): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    const chunks: Buffer[] = [];
    const settle = () => {
      const text = Buffer.concat(chunks).toString();
      const [headers = "", ...rest] = text.split("\r\n\r\n");
      socket.destroy();
      resolve({ status: Number(headers.split(" ")[1] ?? 0), headers, body: rest.join("\r\n\r\n") });
    };
    socket.setTimeout(5000, () => socket.destroy(new Error(`no answer to: ${lines[0]}`)));
    socket.on("error", (error: NodeJS.ErrnoException) => (error.code === "ECONNRESET" && chunks.length > 0 ? settle() : reject(error)));
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      // A connection that was upgraded stays open.
      if (chunk.toString().startsWith("HTTP/1.1 101")) settle();
    });
    socket.on("end", settle);
    socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
  });
}
