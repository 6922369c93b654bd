/** A call as a promise or as a stream of events: the two shapes in which HTTP, the control socket, and gateways take an answer. */
import { GantryError, providerPayloadLimitBytes, type CallStreamEvent, type InvokeOutput } from "@gantry/contract";

import type { Call, CallOutcome, CallRequest } from "./call.ts";
import { round } from "./call-news.ts";
import type { CallEngine } from "./calls.ts";
import { createFeed } from "./feed.ts";
import { approximateBytes } from "@gantry/contract/json-weight";

/** What a caller sends after its params. */
type Items = AsyncIterable<unknown[]> | undefined;

/** Waits for the outcome; chunks of a streaming method are gathered beside the result. */
export function invokeOnce(calls: CallEngine, request: CallRequest, signal: AbortSignal, items?: Items): Promise<InvokeOutput> {
  return new Promise((resolve, reject) => {
    const feed = items && createFeed(calls, items);
    const chunks: unknown[] = [];
    let bytes = 0;
    const onAbort = () => calls.cancel(call, "its caller went away");
    const call = calls.start(request, {
      chunks(call, _seq, items) {
        for (const item of items) bytes += approximateBytes(item, providerPayloadLimitBytes);
        chunks.push(...items);
        if (bytes > providerPayloadLimitBytes)
          calls.cancel(call, `its answer grew over ${providerPayloadLimitBytes} bytes; ask for a stream`);
        else calls.consumed(call, items.length);
      },
      settled(call, outcome) {
        feed?.stop();
        signal.removeEventListener("abort", onAbort);
        if (outcome.ok) resolve(outputOf(call, outcome, chunks));
        else reject(outcome.error);
      },
      ...feed?.sink,
    });
    feed?.start(call);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort);
  });
}

function outputOf(call: Call, outcome: CallOutcome & { ok: true }, chunks: unknown[]): InvokeOutput {
  return {
    callId: call.id,
    provider: call.instance?.name ?? "",
    instance: call.instance?.instance ?? "",
    result: outcome.result ?? null,
    ...(call.received === 0 ? {} : { chunks }),
    ...(outcome.usage === undefined ? {} : { usage: outcome.usage }),
    durationMs: round(call.settledAt - call.startedAt),
    attempt: call.attempt,
  };
}

/**
 * Events as the reader asks for them. Coming back for the next event means that the last one was passed on: that refills the
 * provider's credit, so a slow reader slows the producer. Leaving the loop early, or the signal, cancels the call.
 *
 * `start` comes with the first chunk or the end, not before: until then a refusal can still be a plain error.
 */
export async function* invokeStream(
  calls: CallEngine,
  request: CallRequest,
  signal: AbortSignal,
  items?: Items,
): AsyncGenerator<CallStreamEvent, void, void> {
  let buffer: unknown[] = [];
  let outcome: CallOutcome | undefined;
  let wake: (() => void) | undefined;
  const feed = items && createFeed(calls, items);
  const call = calls.start(request, {
    chunks(_call, seq, items) {
      buffer = buffer.length === 0 ? items : buffer.concat(items);
      // The first chunk at once, later ones once per turn of the event loop, so that a burst becomes one event.
      if (seq === 0) wake?.();
      else if (wake) setImmediate(wake);
    },
    settled(_call, settled) {
      outcome = settled;
      feed?.stop();
      wake?.();
    },
    ...feed?.sink,
  });
  feed?.start(call);
  const onAbort = () => calls.cancel(call, "its caller went away");
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort);
  let sent = 0;
  let isStarted = false;
  try {
    for (;;) {
      if (buffer.length === 0 && outcome === undefined) {
        await new Promise<void>((resolve) => (wake = resolve));
        wake = undefined;
        continue;
      }
      if (outcome !== undefined && !outcome.ok && buffer.length === 0) throw outcome.error;
      if (!isStarted) {
        isStarted = true;
        yield { type: "start", callId: call.id, provider: call.instance?.name ?? "", instance: call.instance?.instance ?? "" };
      }
      if (buffer.length > 0) {
        const batch = buffer;
        buffer = [];
        yield { type: "chunks", seq: sent, batch };
        sent += batch.length;
        calls.consumed(call, batch.length);
      } else if (outcome?.ok === true) {
        const { result, usage } = outcome;
        const durationMs = round(call.settledAt - call.startedAt);
        yield { type: "end", result: result ?? null, ...(usage === undefined ? {} : { usage }), durationMs, attempt: call.attempt };
        return;
      }
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
    // No effect on a call that has ended.
    calls.cancel(call, "its caller stopped reading");
  }
}

/** `GantryError` when the route of an `invokeAny` is not one of the two. */
export function oneRoute(model: string | undefined, capability: string | undefined): { model: string } | { capability: string } {
  if (model !== undefined && capability === undefined) return { model };
  if (capability !== undefined && model === undefined) return { capability };
  throw new GantryError("invalidArgument", "Name either a `model` or a `capability`, not both and not neither. Nothing was sent.");
}
