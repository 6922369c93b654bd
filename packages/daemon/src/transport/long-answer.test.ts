/** Answers that take long, over a real connection. */
import { once } from "node:events";
import { createServer, type IncomingMessage, request } from "node:http";
import type { AddressInfo } from "node:net";

import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { createLongAnswer, firstByteAfterMs, type LongAnswer } from "./long-answer.ts";

// Only the timers of the answer: the sockets need theirs.
beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "setInterval", "clearTimeout", "clearInterval"] }));
afterEach(() => vi.useRealTimers());

async function answer(act: (long: LongAnswer, begun: () => boolean) => void | Promise<void>) {
  const server = createServer((_request, response) => {
    let begun = false;
    const long = createLongAnswer(response, () => {
      begun = true;
      return { "x-request-id": "r" };
    });
    void Promise.resolve(act(long, () => begun)).then(() => begun || response.writeHead(204).end());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const sent = request({ port: (server.address() as AddressInfo).port, host: "127.0.0.1" }).end();
    const [response] = (await once(sent, "response")) as [IncomingMessage];
    const text = await response.setEncoding("utf8").toArray();
    return { status: response.statusCode, headers: response.headers, text: text.join("") };
  } finally {
    server.close();
  }
}

test("a quick answer is left to whoever answers", async () => {
  const { status } = await answer((long) => expect(long.finish("{}")).toBe(false));
  expect(status).toBe(204);
  expect(vi.getTimerCount()).toBe(0);
});

test("a slow one begins with blank lines and is the same JSON", async () => {
  const { status, headers, text } = await answer(async (long, begun) => {
    await vi.advanceTimersByTimeAsync(firstByteAfterMs - 1);
    expect(begun()).toBe(false);
    await vi.advanceTimersByTimeAsync(1 + 2 * firstByteAfterMs);
    expect(begun()).toBe(true);
    expect(long.finish('{"state":"succeeded"}')).toBe(true);
  });
  expect({ status, id: headers["x-request-id"], text }).toEqual({ status: 200, id: "r", text: '\n\n\n{"state":"succeeded"}' });
  expect(JSON.parse(text)).toEqual({ state: "succeeded" });
});

test("one that fails after its beginning ends without an end", async () => {
  await expect(
    answer(async (long) => {
      await vi.advanceTimersByTimeAsync(firstByteAfterMs);
      expect(long.fail()).toBe(true);
    }),
  ).rejects.toThrow("aborted");
});
