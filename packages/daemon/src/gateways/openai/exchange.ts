/** One request of this gateway: who asks, where the answer goes, and how an error looks before and after the status was sent. */
import type { ServerResponse } from "node:http";

import { type GantryError, providerPayloadLimitBytes } from "@gantry/contract";
import { approximateBytes } from "@gantry/contract/json-weight";

import { dataHeaders } from "../../transport/security-headers.ts";
import { holdStream } from "./held-stream.ts";
import type { ModelCall, ModelCalls, ModelOutcome, ModelRequest } from "./port.ts";
import { retryHeaders, statusOf, toOpenAiError } from "./problem.ts";

export interface Exchange {
  readonly requestId: string;
  readonly owner: string;
  readonly response: ServerResponse;
}

const goneReason = "its caller closed the request";

/** Who answered, for people who look into a request. */
export function answerHeaders({ requestId }: Exchange, call: ModelCall | undefined): Record<string, string> {
  return {
    ...dataHeaders,
    "x-request-id": requestId,
    ...(call?.instance === undefined ? {} : { "x-gantry-provider": call.instance.label, "x-gantry-call": call.id }),
  };
}

/** Answers on the bare response, with the true status. */
export function sendError(exchange: Pick<Exchange, "requestId" | "response">, error: GantryError): void {
  const { response, requestId } = exchange;
  if (response.destroyed) return;
  response.writeHead(statusOf(error), {
    ...dataHeaders,
    "content-type": "application/json; charset=utf-8",
    "x-request-id": requestId,
    ...retryHeaders(error),
    ...(error.status === 401 ? { "www-authenticate": "Bearer" } : {}),
  });
  response.end(JSON.stringify({ error: toOpenAiError(error) }));
}

/**
 * Makes a call and waits for its end; `take` sees the chunks of a method that streams. Closing the request cancels the call.
 * Rejects with the call's error, or when more came than one answer may weigh.
 */
export function callOnce(
  calls: ModelCalls,
  request: ModelRequest,
  { response }: Exchange,
  take: (item: unknown, call: ModelCall) => void,
): Promise<{ call: ModelCall; outcome: ModelOutcome & { ok: true } }> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    let isSettled = false;
    const call = calls.start(request, {
      chunks(from, _seq, items) {
        for (const item of items) {
          bytes += approximateBytes(item, providerPayloadLimitBytes);
          take(item, from);
        }
        if (bytes > providerPayloadLimitBytes)
          calls.cancel(from, `its answer grew over ${providerPayloadLimitBytes} bytes; ask for a stream`);
        else calls.consumed(from, items.length);
      },
      settled(from, outcome) {
        isSettled = true;
        if (outcome.ok) resolve({ call: from, outcome });
        else reject(outcome.error);
      },
    });
    response.once("close", () => isSettled || calls.cancel(call, goneReason));
  });
}

export interface StreamParts {
  /** Frames for items that came. */
  frames(items: unknown[], call: ModelCall): string;
  /** Frames that end the stream well. */
  end(outcome: ModelOutcome & { ok: true }, call: ModelCall): string;
  /** Frames that end a stream which had begun. */
  fail(error: GantryError, call: ModelCall | undefined): string;
}

/** Makes a call whose answer is a stream of events. Throws when nobody can take it; every later error is answered here. */
export function callStream(calls: ModelCalls, request: ModelRequest, exchange: Exchange, parts: StreamParts): void {
  const { response } = exchange;
  let call: ModelCall | undefined;
  let unread = 0;
  const stream = holdStream(response, {
    headers: () => answerHeaders(exchange, call),
    onDrain() {
      if (call === undefined || unread === 0) return;
      const count = unread;
      unread = 0;
      calls.consumed(call, count);
    },
    onGone: () => call && calls.cancel(call, goneReason),
  });
  try {
    call = calls.start(request, {
      chunks(from, _seq, items) {
        call = from;
        if (stream.send(parts.frames(items, from)) && unread === 0) calls.consumed(from, items.length);
        // A slow reader slows the provider: credit goes back when the socket has room again.
        else unread += items.length;
      },
      settled(from, outcome) {
        call = from;
        if (stream.isClosed) return;
        if (outcome.ok) stream.end(parts.end(outcome, from));
        else if (stream.isCommitted) stream.end(parts.fail(outcome.error, from));
        else {
          stream.release();
          sendError(exchange, outcome.error);
        }
      },
    });
  } catch (error) {
    stream.release();
    throw error;
  }
}

export function dataFrame(data: unknown): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}
