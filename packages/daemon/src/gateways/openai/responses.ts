/** `/v1/responses`: over a provider method `responses` where the model has one, else over `chat`. */
import { once } from "./chat.ts";
import { createChatChunks } from "./chat-chunks.ts";
import { answerHeaders, callOnce, callStream, dataFrame, type Exchange } from "./exchange.ts";
import { type ModelBody, modelRequest } from "./model-request.ts";
import type { ModelCall, ModelCalls, ModelPort } from "./port.ts";
import { invalidRequest, toOpenAiError } from "./problem.ts";
import { createResponseBuilder, finishResponse, type ResponseEvent } from "./responses-events.ts";
import { toChatBody } from "./responses-request.ts";

const frame = (event: ResponseEvent) => `event: ${event.type}\n${dataFrame(event)}`;

export async function answerResponses({ calls, offers }: ModelPort, body: ModelBody, exchange: Exchange) {
  if (typeof body["input"] !== "string" && !Array.isArray(body["input"])) {
    throw invalidRequest("input", "input must be a text or an array of items.");
  }
  return offers(body.model, "responses") ? passThrough(calls, body, exchange) : overChat(calls, body, exchange);
}

/** The provider speaks this form itself: its events and its answer are passed on as they are. */
async function passThrough(calls: ModelCalls, body: ModelBody, exchange: Exchange) {
  const request = modelRequest(body, "responses", exchange.owner);
  if (body["stream"] !== true) {
    const { call, outcome } = await callOnce(calls, request, exchange, () => undefined);
    return { body: outcome.result, headers: answerHeaders(exchange, call) };
  }
  let sequence = 0;
  callStream(calls, request, exchange, {
    frames: (items) =>
      (items as ResponseEvent[])
        .map((event) => {
          sequence = event.sequence_number ?? sequence;
          return frame(event);
        })
        .join(""),
    end: () => "",
    fail: (error) => frame({ ...toOpenAiError(error), type: "error", sequence_number: sequence + 1 }),
  });
  return undefined;
}

async function overChat(calls: ModelCalls, body: ModelBody, exchange: Exchange) {
  const request = modelRequest(body, "chat", exchange.owner, toChatBody(body));
  const partsOf = once((call: ModelCall) => {
    const created = Math.floor(Date.now() / 1000);
    return {
      chunks: createChatChunks({ id: call.id, created, model: body.model }, false),
      builder: createResponseBuilder(`resp_${call.id}`, created, body),
      begun: false,
    };
  });
  const take = (item: unknown, call: ModelCall): ResponseEvent[] => {
    const { chunks, builder } = partsOf(call);
    const chunk = chunks.next(item);
    return chunk === undefined ? [] : builder.next(chunk);
  };
  if (body["stream"] !== true) {
    const { call, outcome } = await callOnce(calls, request, exchange, take);
    const { chunks, builder } = partsOf(call);
    finishResponse(builder, chunks, outcome.result, outcome.usage);
    return { body: builder.response, headers: answerHeaders(exchange, call) };
  }
  const opening = (call: ModelCall): ResponseEvent[] => {
    const parts = partsOf(call);
    if (parts.begun) return [];
    parts.begun = true;
    return parts.builder.begin();
  };
  callStream(calls, request, exchange, {
    frames: (items, call) => [...opening(call), ...items.flatMap((item) => take(item, call))].map(frame).join(""),
    end({ result, usage }, call) {
      const { chunks, builder } = partsOf(call);
      return [...opening(call), ...finishResponse(builder, chunks, result, usage)].map(frame).join("");
    },
    fail: (error, call) => (call ? [...opening(call), ...partsOf(call).builder.fail(toOpenAiError(error))] : []).map(frame).join(""),
  });
  return undefined;
}
