/** The body of a request as JSON lines: the request itself on the first, then one item a line, read no faster than the items are taken. */
import type { IncomingMessage, ServerResponse } from "node:http";

import { GantryError, providerPayloadLimitBytes } from "@gantry/contract";
import { createJsonLinesReader, type JsonLinesPart } from "@gantry/contract/json-lines";

import { createItemQueue } from "./item-queue.ts";

export interface ItemsBody {
  /** The first line. */
  readonly input: Record<string, unknown>;
  readonly items: AsyncIterable<unknown[]>;
}

/** `stillAllowed` is asked at each piece and throws: a key may be revoked or expire while its request goes on. */
export async function readItemsBody(body: IncomingMessage, stillAllowed: () => void): Promise<ItemsBody> {
  const reader = createJsonLinesReader({ maxLineBytes: providerPayloadLimitBytes, describe: (line) => `line ${line} of the body` });
  const first = Promise.withResolvers<unknown>();
  let hasFirst = false;
  const queue = createItemQueue({ taken: () => void body.resume(), left: () => release() });

  const fail = (error: Error) => {
    first.reject(error);
    queue.fail(error);
    release();
  };
  const take = ({ values, failure }: JsonLinesPart) => {
    if (!hasFirst && values.length > 0) {
      hasFirst = true;
      first.resolve(values.shift());
    }
    if (values.length > 0) {
      queue.push(values);
      body.pause();
    }
    if (failure !== undefined) fail(failure);
  };
  const onData = (bytes: Buffer) => {
    try {
      stillAllowed();
      take(reader.push(bytes));
    } catch (error) {
      fail(error as Error);
    }
  };
  const onEnd = () => {
    take(reader.end());
    if (!hasFirst) fail(new GantryError("invalidArgument", "The body is empty: its first line is the request. Nothing was sent."));
    queue.end();
    release();
  };
  // Broken off, and not ended: what is missing must never look like the end.
  const onClose = () => fail(new GantryError("cancelled", "The request broke off before its end."));
  const release = () => {
    body.off("data", onData).off("end", onEnd).off("close", onClose);
    // What still comes is for nobody.
    body.resume();
  };

  body
    .on("data", onData)
    .on("end", onEnd)
    .on("close", onClose)
    .on("error", () => undefined);
  const input = await first.promise;
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    const error = new GantryError("invalidArgument", "line 1 of the body: this is the request and must be an object. Nothing was sent.");
    fail(error);
    throw error;
  }
  return { input: { ...input, input: "stream" }, items: queue.items };
}

/** How long a client that was answered may go on to send. */
const discardMs = 5_000;

/** Lets a client that was answered early read its answer: to close at once, with bytes unread, would take that answer away. */
export function discardRest(body: IncomingMessage, response: ServerResponse): void {
  if (body.complete || body.destroyed) return;
  response.once("close", () => {
    if (body.complete || body.destroyed) return;
    body.resume();
    const timer = setTimeout(() => body.socket.destroy(), discardMs);
    timer.unref();
    body.once("close", () => clearTimeout(timer)).once("end", () => clearTimeout(timer));
  });
}
