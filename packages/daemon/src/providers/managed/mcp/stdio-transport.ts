/** MCP messages over the standard streams of a supervised program: one JSON document a line, in each direction. */
import { type JSONRPCMessage, ReadBuffer, serializeMessage, type Transport } from "@modelcontextprotocol/client";

import type { ChildProgram } from "../child-program.ts";

/** One message; a server that sends more than this without an end of line is broken. */
const maxMessageBytes = 16 * 1024 * 1024;

export class ProgramTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  /** The client tells a program from a server on the network by these two. */
  readonly stderr = null;
  readonly pid: number;

  readonly #program: ChildProgram;
  readonly #buffer = new ReadBuffer({ maxBufferSize: maxMessageBytes });
  #isClosed = false;

  constructor(program: ChildProgram) {
    this.#program = program;
    this.pid = program.pid;
  }

  async start(): Promise<void> {
    this.#program.stdout.on("data", (data: Buffer) => this.#read(data));
    void this.#program.exited.then(() => this.#closed());
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const { stdin } = this.#program;
    if (this.#isClosed || !stdin.writable) throw new Error("the MCP server has ended");
    if (!stdin.write(serializeMessage(message))) {
      await new Promise<void>((resolve) => {
        const done = () => {
          stdin.off("drain", done).off("close", done);
          resolve();
        };
        stdin.on("drain", done).on("close", done);
      });
    }
  }

  async close(): Promise<void> {
    await this.#program.end();
    this.#closed();
  }

  #read(data: Buffer): void {
    try {
      this.#buffer.append(data);
    } catch (error) {
      this.onerror?.(error as Error);
      void this.close();
      return;
    }
    for (let message = this.#next(); message !== null; message = this.#next()) {
      if (message !== "unreadable") this.onmessage?.(message);
    }
  }

  #next(): JSONRPCMessage | null | "unreadable" {
    try {
      return this.#buffer.readMessage();
    } catch (error) {
      // A line that is no message, such as a greeting, does not end the conversation.
      this.onerror?.(error as Error);
      return "unreadable";
    }
  }

  #closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onclose?.();
  }
}
