/** A call to a provider as a promise, with progress on the way and cancellation from outside. */
import { GantryError, isProgressChunk, type ProgressChunk, providerPayloadLimitBytes } from "@gantry/contract";
import { approximateBytes } from "@gantry/contract/json-weight";

import type { ProviderCalls, ProviderRequest } from "./port.ts";

export interface ProviderAnswer {
  result: unknown;
  /** What a streaming method sent, without its notices of progress. */
  chunks: unknown[];
}

/** Long work is ended by its caller, who also sees its progress; this is for callers that never ask again. */
export const toolBudgetMs = 10 * 60_000;

/** Rejects with the call's GantryError. `onProgress` also counts the chunks of a stream. */
export function callProvider(
  calls: ProviderCalls,
  request: ProviderRequest,
  signal: AbortSignal,
  onProgress: (progress: ProgressChunk) => void,
): Promise<ProviderAnswer> {
  return new Promise((resolve, reject) => {
    const chunks: unknown[] = [];
    let bytes = 0;
    if (signal.aborted) {
      reject(new GantryError("cancelled", "The request was cancelled before it was sent."));
      return;
    }
    const onAbort = () => calls.cancel(call, "its caller cancelled it");
    const call = calls.start(request, {
      chunks(from, _seq, items) {
        for (const item of items) {
          if (isProgressChunk(item)) {
            onProgress(item);
            continue;
          }
          bytes += approximateBytes(item, providerPayloadLimitBytes);
          chunks.push(item);
          onProgress({ type: "progress", progress: chunks.length, ...(typeof item === "string" ? { message: item } : {}) });
        }
        if (bytes > providerPayloadLimitBytes) calls.cancel(from, `its answer grew over ${providerPayloadLimitBytes} bytes`);
        else calls.consumed(from, items.length);
      },
      settled(_call, outcome) {
        signal.removeEventListener("abort", onAbort);
        if (outcome.ok) resolve({ result: outcome.result, chunks });
        else reject(outcome.error);
      },
    });
    signal.addEventListener("abort", onAbort);
  });
}
