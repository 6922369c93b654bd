/** Writes a stream of events as Server-Sent Events (https://html.spec.whatwg.org/multipage/server-sent-events.html). */
import { once } from "node:events";
import type { ServerResponse } from "node:http";

import type { Problem } from "@gantry/contract";

/** Keeps proxies from closing a quiet stream and notices clients that vanished. */
const commentIntervalMs = 15_000;

export async function sendEvents(
  response: ServerResponse,
  events: AsyncIterable<unknown>,
  describe: (error: unknown) => Problem,
): Promise<void> {
  const iterator = events[Symbol.asyncIterator]();
  // The first event is awaited before the status is sent, so that an early failure has its true status.
  const first = await iterator.next();
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store", "x-accel-buffering": "no" });
  const heartbeat = setInterval(() => response.write(": still here\n\n"), commentIntervalMs);
  const closed = new Promise<IteratorResult<unknown>>((resolve) => response.once("close", () => resolve({ done: true, value: undefined })));
  try {
    for (let step = first; step.done !== true; step = await Promise.race([iterator.next(), closed])) {
      if (response.destroyed) break;
      // A slow reader slows its producer: the next event is asked for only when this one has left.
      if (!response.write(frame(step.value))) await Promise.race([once(response, "drain"), closed]);
    }
  } catch (error) {
    response.write(`event: error\ndata: ${JSON.stringify(describe(error))}\n\n`);
  } finally {
    clearInterval(heartbeat);
    response.end();
    await iterator.return?.();
  }
}

/** An event that tells where to resume carries that as its id, which the browser sends back as Last-Event-ID. */
function frame(event: unknown): string {
  const resume = (event as { nextOffset?: number } | null)?.nextOffset;
  return `${resume === undefined ? "" : `id: ${resume}\n`}data: ${JSON.stringify(event)}\n\n`;
}
