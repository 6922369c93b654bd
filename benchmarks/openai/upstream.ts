/** The upstream of the overhead benchmark: a server with OpenAI's API that answers at once. Prints its port. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

const usage = { prompt_tokens: 9, completion_tokens: 12, total_tokens: 21 };
const head = { id: "chatcmpl-1", created: 1, model: "bench" };
const content = "The quick brown fox jumps over the lazy dog.";
const whole = JSON.stringify({
  ...head,
  object: "chat.completion",
  choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: "stop" }],
  usage,
});
const chunk = (delta: object, finish: string | null) =>
  `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
const stream = `${content
  .split(" ")
  .map((word) => chunk({ content: `${word} ` }, null))
  .join("")}${chunk({}, "stop")}data: [DONE]\n\n`;

const server = createServer((request, response) => {
  if (request.method === "GET")
    return response.writeHead(200, { "content-type": "application/json" }).end('{"object":"list","data":[{"id":"bench"}]}');
  let body = "";
  request.setEncoding("utf8");
  request.on("data", (text: string) => (body += text));
  return request.on("end", () => {
    const wantsStream = (JSON.parse(body) as { stream?: boolean }).stream === true;
    response.writeHead(200, { "content-type": wantsStream ? "text/event-stream" : "application/json" }).end(wantsStream ? stream : whole);
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`));
