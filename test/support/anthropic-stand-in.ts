/** A local server that answers Anthropic's messages API with one fixed text, so that a real agent can have a turn without a connection. */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface StandIn extends AsyncDisposable {
  url: string;
  /** Answers are held back until then. */
  release(): void;
}

export async function startAnthropicStandIn(answer: string): Promise<StandIn> {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const server = createServer((request, response) => {
    void (async () => {
      const body = await text(request);
      if (request.method !== "POST" || !/^\/v1\/messages(?:\?|$)/.test(request.url ?? "")) {
        response.writeHead(404, { "content-type": "application/json" }).end("{}");
        return;
      }
      const { model, stream = false } = JSON.parse(body) as { model: string; stream?: boolean };
      await released;
      if (stream) streamAnswer(response, model, answer);
      else {
        const message = { ...messageOf(model), content: [{ type: "text", text: answer }], stop_reason: "end_turn" };
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(message));
      }
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    release,
    async [Symbol.asyncDispose]() {
      release();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function messageOf(model: string): object {
  const usage = { input_tokens: 5, output_tokens: 5 };
  return { id: "msg_1", type: "message", role: "assistant", model, content: [], stop_reason: null, stop_sequence: null, usage };
}

function streamAnswer(response: ServerResponse, model: string, answer: string): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = (type: string, data: object): void => void response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  send("message_start", { message: messageOf(model) });
  send("content_block_start", { index: 0, content_block: { type: "text", text: "" } });
  send("content_block_delta", { index: 0, delta: { type: "text_delta", text: answer } });
  send("content_block_stop", { index: 0 });
  send("message_delta", { delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 9 } });
  send("message_stop", {});
  response.end();
}
