import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { expect, test } from "vitest";

import { createHttpLoad } from "./http-load.ts";

test("a measurement goes on after the server has closed what was idle, and fails when it closes what is used", async () => {
  let answers = 0;
  let closeAt = Infinity;
  const server = createServer((request, response) => {
    request.resume();
    answers += 1;
    const last = answers === closeAt;
    response.end("{}", () => last && request.socket.destroy());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const load = createHttpLoad({ url, path: "/", body: {}, connections: 2 });
  expect(await load.rate(10)).toBeGreaterThan(0);
  server.closeAllConnections();
  expect(await load.latencies(10)).toMatchObject({ p50Ms: expect.any(Number) as number });
  expect(answers).toBe(20);
  closeAt = 25;
  await expect(load.rate(100)).rejects.toThrow("the server closed the connection");
  server.close();
});
