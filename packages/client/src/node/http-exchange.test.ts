import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { createHttpTransport, type Exchange } from "../http-transport.ts";
import { createNodeExchange } from "./http-exchange.ts";

const server = createServer((request, response) => {
  if (request.url?.startsWith("/health") === true) {
    response.setHeader("content-type", "application/json; charset=utf-8");
    // A character of several bytes may be cut in two by the network.
    response.write(Buffer.from(`{"method":"${request.method}","key":"${request.headers.authorization}","text":"\u00e4`).subarray(0, -1));
    setImmediate(() => response.end(Buffer.concat([Buffer.from("\u00e4").subarray(1), Buffer.from('"}')])));
  } else if (request.method === "POST") {
    request.on("data", () => request.socket.destroy());
  } else if (request.url?.startsWith("/commands") === true) {
    response.writeHead(429, { "content-type": "application/problem+json" });
    response.end(JSON.stringify({ type: "about:blank", title: "", status: 429, code: "resourceExhausted", detail: "Too many." }));
  }
});
let url: string;
let nobodysUrl: string;
const listen = async (one: typeof server) => {
  await once(one.listen(0, "127.0.0.1"), "listening");
  return `http://127.0.0.1:${(one.address() as AddressInfo).port}`;
};
beforeAll(async () => {
  url = await listen(server);
  const gone = createServer();
  nobodysUrl = await listen(gone);
  await once(gone.close(), "close");
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe.each<[string, (address: string) => Promise<Exchange | undefined>]>([
  ["fetch", async () => undefined],
  ["Node's own client", createNodeExchange],
])("by %s", (_name, createExchange) => {
  const transport = async (address = url) => createHttpTransport({ url: address, key: "secret" }, await createExchange(address));

  test("an answer is read whole", async () => {
    expect(await (await transport()).call("instances.health", {})).toEqual({ method: "GET", key: "Bearer secret", text: "ä" });
  });

  test("a problem, a lost connection, nobody there, a spent time, and a cancelled call are told apart", async () => {
    const { call } = await transport();
    const execute = { command: "noop" };
    await expect(call("commands.list", {})).rejects.toMatchObject({ code: "resourceExhausted", message: "Too many." });
    await expect(call("executions.execute", execute)).rejects.toMatchObject({ code: "unavailable", details: { outcomeUnknown: true } });
    const nobody = await transport(nobodysUrl);
    const refused: unknown = await nobody.call("executions.execute", execute).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "unavailable" });
    expect(refused).not.toMatchObject({ details: { outcomeUnknown: true } });
    await expect(call("sessions.list", {}, { timeoutMs: 20 })).rejects.toMatchObject({ code: "deadlineExceeded" });
    await expect(call("sessions.list", {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "cancelled" });
    await expect((await transport("nonsense")).call("instances.health", {})).rejects.toMatchObject({ code: "unavailable" });
  });
});
