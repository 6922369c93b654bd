/** Anthropic's messages API, for claude. */
import { type AiUpstream, eventStream, type Question, sendJson, startUpstream } from "./upstream.ts";

interface Part {
  type: string;
  text?: string;
  content?: string | Part[];
}

export function startAnthropicUpstream(): Promise<AiUpstream> {
  let calls = 0;
  return startUpstream(async (path, body, response, conversation) => {
    if (/count_tokens/.test(path)) return sendJson(response, 200, { input_tokens: 5 });
    if (!/^\/v1\/messages(\?|$)/.test(path)) return sendJson(response, 404, {});
    const { model, stream = false } = body as { model: string; stream?: boolean };
    const reply = conversation.replyTo(questionOf(body));
    if ("status" in reply) return sendJson(response, reply.status, { type: "error", error: { type: "api_error", message: reply.message } });
    const head = {
      id: `msg_${(calls += 1)}`,
      type: "message",
      role: "assistant",
      model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 5, output_tokens: 1 },
    };
    const content =
      "text" in reply
        ? { type: "text", text: reply.text.join("") }
        : { type: "tool_use", id: `toolu_${calls}`, name: "Bash", input: { command: reply.command, description: "As asked" } };
    const stop_reason = "text" in reply ? "end_turn" : "tool_use";
    if (!stream) {
      await conversation.released();
      return sendJson(response, 200, { ...head, content: [content], stop_reason });
    }
    const send = eventStream(response, true);
    send({ type: "message_start", message: head });
    if ("text" in reply) {
      const [first, rest] = reply.text;
      send({ type: "content_block_start", index: 0, content_block: { type: "text", text: "" } });
      send({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: first } });
      await conversation.released();
      send({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: rest } });
    } else {
      await conversation.released();
      send({ type: "content_block_start", index: 0, content_block: { ...content, input: {} } });
      const partial_json = JSON.stringify((content as { input: object }).input);
      send({ type: "content_block_delta", index: 0, delta: { type: "input_json_delta", partial_json } });
    }
    send({ type: "content_block_stop", index: 0 });
    send({ type: "message_delta", delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 9 } });
    send({ type: "message_stop" });
    response.end();
  });
}

function questionOf({ messages, tools = [] }: Record<string, unknown>): Question {
  // What the CLI itself says about where it runs comes after what the user said.
  const said = (messages as { role: string; content: string | Part[] }[]).findLast(({ role }) => role === "user");
  const content = said?.content ?? "";
  const part = typeof content === "string" ? { type: "text", text: content } : content.at(-1);
  const isToolOutput = part?.type === "tool_result";
  return { last: isToolOutput ? textOf(part?.content) : (part?.text ?? ""), isToolOutput, hasTools: (tools as unknown[]).length > 0 };
}

function textOf(content: string | Part[] = ""): string {
  return typeof content === "string" ? content : content.map(({ text = "" }) => text).join("");
}
