/** Gemini's API, for gemini. */
import { type AiUpstream, eventStream, type Question, sendJson, startUpstream } from "./upstream.ts";

interface Part {
  text?: string;
  functionResponse?: { response?: { output?: string; error?: string } };
}

export function startGeminiUpstream(): Promise<AiUpstream> {
  return startUpstream(async (path, body, response, conversation) => {
    const method = /:(\w+)(\?|$)/.exec(path)?.[1];
    if (method === "countTokens") return sendJson(response, 200, { totalTokens: 5 });
    if (method !== "generateContent" && method !== "streamGenerateContent") return sendJson(response, 404, {});
    const reply = conversation.replyTo(questionOf(body));
    if ("status" in reply) {
      return sendJson(response, reply.status, { error: { code: reply.status, message: reply.message, status: "UNAVAILABLE" } });
    }
    const usageMetadata = { promptTokenCount: 5, candidatesTokenCount: 9, totalTokenCount: 14 };
    const chunk = (part: object, last: boolean): object => ({
      candidates: [{ content: { role: "model", parts: [part] }, index: 0, ...(last ? { finishReason: "STOP" } : {}) }],
      ...(last ? { usageMetadata } : {}),
    });
    const call = { functionCall: { name: "run_shell_command", args: { command: "command" in reply ? reply.command : "" } } };
    if (method === "generateContent") {
      await conversation.released();
      return sendJson(response, 200, chunk("text" in reply ? { text: reply.text.join("") } : call, true));
    }
    const send = eventStream(response, false);
    if ("text" in reply) send(chunk({ text: reply.text[0] }, false));
    await conversation.released();
    send(chunk("text" in reply ? { text: reply.text[1] } : call, true));
    response.end();
  });
}

function questionOf({ contents, tools = [] }: Record<string, unknown>): Question {
  const { parts } = (contents as { parts: Part[] }[]).at(-1) as { parts: Part[] };
  const result = parts.find(({ functionResponse }) => functionResponse !== undefined)?.functionResponse?.response;
  const last = result === undefined ? (parts.at(-1)?.text ?? "") : (result.output ?? result.error ?? "");
  return { last, isToolOutput: result !== undefined, hasTools: (tools as unknown[]).length > 0 };
}
