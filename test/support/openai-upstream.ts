/** A small server with OpenAI's API that does what the last message says: answers, streams, and every way of failing. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

type Json = Record<string, unknown>;

export interface OpenAiUpstream extends AsyncDisposable {
  /** Ends in /v1. */
  url: string;
  models: string[];
  /** Every request body, with the path and the key that came with it. */
  requests: { path: string; key: string | undefined; body: Json }[];
  /** Requests whose client went away before the answer was whole. */
  closedEarly: number;
  /** Chunks written by the prompt `flood`. */
  flooded: number;
}

const head = { id: "chatcmpl-up", object: "chat.completion.chunk", created: 1, model: "up-1", system_fingerprint: "fp_1" };
const usage = { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10, prompt_tokens_details: { cached_tokens: 2 } };
const delta = (content: string, finish: string | null = null) => ({
  ...head,
  choices: [{ index: 0, delta: { content }, finish_reason: finish }],
});
const frame = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`;

export async function startOpenAiUpstream(): Promise<OpenAiUpstream> {
  const state = { models: ["up-1", "up/2"], requests: [] as OpenAiUpstream["requests"], closedEarly: 0, flooded: 0 };
  const server = createServer((request, response) => {
    response.on("close", () => response.writableFinished || (state.closedEarly += 1));
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? "";
    const body = request.method === "POST" ? ((await json(request)) as Json) : {};
    state.requests.push({ path, key: request.headers.authorization?.replace("Bearer ", ""), body });
    const send = (status: number, data: unknown, headers = {}) =>
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(data));
    if (path === "/v1/models")
      return send(200, { object: "list", data: state.models.map((id) => ({ id, object: "model", max_model_len: 100 })) });
    if (path === "/v1/embeddings") {
      const inputs = ([] as unknown[]).concat(body["input"]);
      return send(200, { object: "list", model: "up-1", data: inputs.map((_input, index) => ({ index, embedding: [index, 1] })), usage });
    }
    const messages = body["messages"] as { content: string }[];
    const prompt = messages.at(-1)?.content ?? "";
    const refusal = /^status (\d+)$/.exec(prompt);
    if (refusal) {
      const error = { message: `no, ${request.headers.authorization}`, type: "upstream_type", param: null, code: "upstream_code" };
      return send(Number(refusal[1]), { error }, { "retry-after": "7" });
    }
    if (prompt.startsWith("redirect ")) return response.writeHead(302, { location: prompt.slice("redirect ".length) }).end();
    if (prompt === "not json") return response.writeHead(200, { "content-type": "application/json" }).end("<html>");
    if (prompt === "hang") return undefined;
    if (body["stream"] !== true) {
      const choices = [{ index: 0, message: { role: "assistant", content: `you said ${prompt}` }, finish_reason: "stop" }];
      return send(200, { ...head, object: "chat.completion", choices, usage });
    }
    response.writeHead(200, { "content-type": "text/event-stream" });
    if (prompt === "flood") {
      const closed = once(response, "close");
      const gone = new AbortController();
      void closed.then(() => gone.abort());
      for (; !response.destroyed; state.flooded += 1) {
        if (response.write(frame(delta("x".repeat(1000))))) continue;
        await once(response, "drain", { signal: gone.signal }).catch(() => undefined);
      }
      return undefined;
    }
    response.write(frame(delta("you ")));
    if (prompt === "break off") return setTimeout(() => response.destroy(), 20);
    if (prompt === "end early") return response.end();
    if (prompt === "error chunk") return response.end(frame({ error: { message: "overheated", type: "upstream_type", code: "hot" } }));
    if (prompt === "garbage") return response.end("data: {not json\n\n");
    if (prompt === "stall") return undefined;
    response.write(frame(delta(`said ${prompt}`)));
    response.write(frame(delta("", "stop")));
    const asked = (body["stream_options"] as Json | undefined)?.["include_usage"] === true;
    if (asked) response.write(frame({ ...head, choices: [], usage }));
    return response.end("data: [DONE]\n\n");
  };

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  return Object.assign(state, {
    url,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
