/** Notices are heard before the answers that follow them, and everything stays in its order. */
import { Client, type JSONRPCMessage, type Progress, type Transport } from "@modelcontextprotocol/client";
import { expect, test } from "vitest";

import { deliverInOrder } from "./in-order.ts";

/** A server of the older era that answers each call with its progress and its result in one piece. */
function createHastyTransport(): Transport {
  const transport: Transport = {
    start: async () => undefined,
    close: async () => transport.onclose?.(),
    async send(message) {
      const { id, method, params } = message as { id?: number; method?: string; params?: { _meta?: { progressToken?: number } } };
      const answer = (result: unknown) => transport.onmessage?.({ jsonrpc: "2.0", id, result } as JSONRPCMessage);
      if (method === "initialize")
        answer({ protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "hasty", version: "1" } });
      if (method !== "tools/call") return;
      for (const progress of [1, 2, 3]) {
        const notice = { progressToken: params?._meta?.progressToken, progress };
        transport.onmessage?.({ jsonrpc: "2.0", method: "notifications/progress", params: notice });
      }
      answer({ content: [] });
    },
  };
  return transport;
}

test("no progress is lost when the result comes with it", async () => {
  const transport = createHastyTransport();
  const client = new Client({ name: "test", version: "1" }, { versionNegotiation: { mode: "legacy" } });
  await client.connect(transport);
  deliverInOrder(transport);
  for (let call = 0; call < 20; call += 1) {
    const seen: number[] = [];
    await client.callTool({ name: "x", arguments: {} }, { onprogress: ({ progress }: Progress) => seen.push(progress) });
    expect(seen).toEqual([1, 2, 3]);
  }
  await client.close();
});

test("the order stays whatever comes", async () => {
  const heard: unknown[] = [];
  const transport = { onmessage: (message: JSONRPCMessage) => void heard.push(message) } as unknown as Transport;
  deliverInOrder(transport);
  const all = Array.from({ length: 30 }, (_, index) =>
    index % 3 === 0 ? { jsonrpc: "2.0", method: "notifications/x", params: { index } } : { jsonrpc: "2.0", id: index, result: {} },
  ) as JSONRPCMessage[];
  for (const message of all) transport.onmessage?.(message);
  while (heard.length < all.length) await new Promise(setImmediate);
  expect(heard).toEqual(all);
});
