/** Answers a request to execute: from the cache, by an execution that another request has begun, or by one of its own. */
import type { ExecuteEvent, ExecuteInput, ExecutionResult, ExecutionState } from "@gantry/contract";

import type { CallContext } from "../core/caller.ts";
import { cachedEvents, cachedView } from "./cache/snapshot.ts";
import { executeEvents } from "./event-stream.ts";
import { foreground } from "./foreground.ts";
import type { LiveExecution } from "./live-execution.ts";
import { loadOutput } from "./load-output.ts";
import type { ExecutionsService } from "./service.ts";
import { resultView } from "./views.ts";

type Context = Pick<CallContext, "caller" | "signal" | "wantsStream">;

export async function execute(
  service: ExecutionsService,
  request: ExecuteInput,
  { caller, signal, wantsStream }: Context,
): Promise<ExecutionResult | AsyncIterable<ExecuteEvent>> {
  for (;;) {
    const answer = await service.answer(request, caller, request.wait || wantsStream);
    if (answer.kind === "hit") return wantsStream ? cachedEvents(answer.result, answer.ageMs) : cachedView(answer.result, answer.ageMs);
    const { run: live, joined } = answer;
    // A detached caller never goes away: whoever joins it later cannot cancel it by leaving.
    if (!request.wait) live.foregroundCallers += 1;
    // In the owner's name: the last to leave may be another one, who has joined it.
    else foreground(live, signal, () => void service.cancel(live.id, { ...caller, keyId: live.row.owner }).catch(() => undefined));

    if (wantsStream && !joined) return executeEvents(live, signal);
    if (wantsStream) return joinedEvents(live, signal, async () => execute(service, request, { caller, signal, wantsStream }));
    if (request.wait) {
      await live.ended;
      if (joined && wasStopped(live) && !signal.aborted) continue;
      if (!live.hasOutput) await loadOutput(live);
    }
    const result = resultView(live.row, live.output.tail());
    return joined ? { ...result, ...fromAnother } : result;
  }
}

const fromAnother = { cached: true, cacheAgeMs: 0 };

/** By those who began it, by their deadline for its beginning, or with its daemon: no answer for somebody who has only joined it. */
function wasStopped({ row }: LiveExecution): boolean {
  const state = row.state as ExecutionState;
  return state === "cancelled" || state === "interrupted" || state === "expired";
}

async function* joinedEvents(
  live: LiveExecution,
  signal: AbortSignal,
  again: () => Promise<ExecutionResult | AsyncIterable<ExecuteEvent>>,
): AsyncGenerator<ExecuteEvent> {
  for await (const event of executeEvents(live, signal)) {
    if (event.type === "accepted") yield { ...event, joined: true };
    else if (event.type !== "result") yield event;
    else if (wasStopped(live)) yield* (await again()) as AsyncIterable<ExecuteEvent>;
    else yield { ...event, result: { ...event.result, ...fromAnother } };
  }
}
