/** `/v1/chat/completions` over any provider method `chat`. */
import { createChatChunks } from "./chat-chunks.ts";
import { createCompletion } from "./completion.ts";
import { answerHeaders, callOnce, callStream, dataFrame, type Exchange } from "./exchange.ts";
import { type ModelBody, modelRequest } from "./model-request.ts";
import type { ModelCall, ModelCalls } from "./port.ts";
import { invalidRequest, toOpenAiError } from "./problem.ts";

type Answer = { body: unknown; headers: Record<string, string> };

/** Resolves to the answer of a call without a stream; undefined when the answer is being streamed. */
export async function answerChat(calls: ModelCalls, body: ModelBody, exchange: Exchange): Promise<Answer | undefined> {
  const messages = body["messages"];
  if (!Array.isArray(messages) || messages.length === 0)
    throw invalidRequest("messages", "messages must be an array of at least one message.");
  const request = modelRequest(body, "chat", exchange.owner);
  if (body["stream"] === true) {
    const includeUsage = (body["stream_options"] as { include_usage?: unknown } | null | undefined)?.include_usage === true;
    const chunksOf = once((call) => createChatChunks(headOf(call, body.model), includeUsage));
    callStream(calls, request, exchange, {
      frames(items, call) {
        const chunks = chunksOf(call);
        let frames = "";
        for (const item of items) {
          const chunk = chunks.next(item);
          if (chunk !== undefined) frames += dataFrame(chunk);
        }
        return frames;
      },
      end: ({ result, usage }, call) => `${chunksOf(call).finish(result, usage).map(dataFrame).join("")}data: [DONE]\n\n`,
      fail: (error) => dataFrame({ error: toOpenAiError(error) }),
    });
    return undefined;
  }
  const partsOf = once((call) => {
    const head = headOf(call, body.model);
    const chunks = createChatChunks(head, false);
    return { chunks, completion: createCompletion(head, chunks) };
  });
  const { call, outcome } = await callOnce(calls, request, exchange, (item, from) => {
    const { chunks, completion } = partsOf(from);
    const chunk = chunks.next(item);
    if (chunk !== undefined) completion.add(chunk);
  });
  return { body: partsOf(call).completion.finish(outcome.result, outcome.usage), headers: answerHeaders(exchange, call) };
}

function headOf(call: ModelCall, model: string) {
  return { id: `chatcmpl-${call.id}`, created: Math.floor(Date.now() / 1000), model };
}

/** What depends on the call is made when its first message is there. */
export function once<Made>(make: (call: ModelCall) => Made): (call: ModelCall) => Made {
  let made: Made | undefined;
  return (call) => (made ??= make(call));
}
