/** Keeps a request alive whose answer takes long: clients and proxies give up on one from which nothing comes for minutes. */
import type { ServerResponse } from "node:http";

export interface LongAnswer {
  /** Sends the rest of an answer that has been begun. False: nothing was sent yet, and it is answered as any other. */
  finish(body: string): boolean;
  /** Stops waiting, because it failed. True: it had been begun, and the connection was closed instead of a made-up end. */
  fail(): boolean;
}

/** Well below the minute after which proxies, and the five minutes after which fetch in Node, take it for dead. */
export const firstByteAfterMs = 30_000;
const everyMs = 30_000;

/** `begin` is called when the head must be sent; from then on the response belongs to this. */
export function createLongAnswer(response: ServerResponse, begin: () => Record<string, string>): LongAnswer {
  let interval: NodeJS.Timeout | undefined;
  const timer = setTimeout(() => {
    response.writeHead(200, { ...begin(), "content-type": "application/json; charset=utf-8" });
    response.write("\n");
    interval = setInterval(() => response.write("\n"), everyMs);
  }, firstByteAfterMs);
  const stop = () => {
    clearTimeout(timer);
    clearInterval(interval);
    return interval !== undefined;
  };
  return {
    finish(body) {
      if (!stop()) return false;
      response.end(body);
      return true;
    },
    fail() {
      if (!stop()) return false;
      response.destroy();
      return true;
    },
  };
}
