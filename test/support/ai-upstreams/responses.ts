/** OpenAI's Responses API, for codex. */
import { type AiUpstream, type CommandReply, eventStream, type Question, sendJson, startUpstream } from "./upstream.ts";

interface Item {
  type?: string;
  role?: string;
  content?: { text?: string }[];
  output?: unknown;
}

export function startResponsesUpstream(): Promise<AiUpstream> {
  let calls = 0;
  return startUpstream(async (path, body, response, conversation) => {
    if (!path.endsWith("/responses")) return sendJson(response, 404, {});
    const reply = conversation.replyTo(questionOf(body));
    if ("status" in reply) return sendJson(response, reply.status, { error: { message: reply.message, type: "upstream_error" } });
    const id = `resp_${(calls += 1)}`;
    const send = eventStream(response, true);
    send({ type: "response.created", response: { id } });
    if ("text" in reply) {
      const item = { type: "message", role: "assistant", id: `msg_${calls}` };
      const [first, rest] = reply.text;
      send({ type: "response.output_item.added", output_index: 0, item: { ...item, content: [] } });
      send({ type: "response.output_text.delta", item_id: item.id, output_index: 0, content_index: 0, delta: first });
      await conversation.released();
      send({ type: "response.output_text.delta", item_id: item.id, output_index: 0, content_index: 0, delta: rest });
      const content = [{ type: "output_text", text: first + rest, annotations: [] }];
      send({ type: "response.output_item.done", output_index: 0, item: { ...item, content } });
    } else {
      await conversation.released();
      const call = { type: "function_call", id: `fc_${calls}`, call_id: `call_${calls}`, ...shellCall(body, reply) };
      send({ type: "response.output_item.done", output_index: 0, item: call });
    }
    const details = { input_tokens_details: { cached_tokens: 2 }, output_tokens_details: { reasoning_tokens: 0 } };
    const usage = { input_tokens: 5, output_tokens: 9, total_tokens: 14, ...details };
    send({ type: "response.completed", response: { id, usage } });
    response.end();
  });
}

/** It offers its shell under names that change with the model. */
function shellCall({ tools = [] }: Record<string, unknown>, { command, mustAsk }: CommandReply): { name: string; arguments: string } {
  const names = (tools as { name?: string }[]).map(({ name }) => name);
  // Otherwise what is allowed by its sandbox is done without asking.
  const more = mustAsk ? { sandbox_permissions: "require_escalated", justification: "May I do as asked?" } : {};
  if (names.includes("exec_command")) return { name: "exec_command", arguments: JSON.stringify({ cmd: command, ...more }) };
  return { name: "shell_command", arguments: JSON.stringify({ command, ...more }) };
}

function questionOf({ input = [], tools = [] }: Record<string, unknown>): Question {
  const last = (input as Item[]).at(-1) ?? {};
  const isToolOutput = last.type?.endsWith("_output") === true;
  const said = isToolOutput ? last.output : (last.content?.at(-1)?.text ?? "");
  return { last: typeof said === "string" ? said : JSON.stringify(said), isToolOutput, hasTools: (tools as unknown[]).length > 0 };
}
