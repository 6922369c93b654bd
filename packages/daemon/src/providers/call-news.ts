/** Tells the end of calls as events: each one at a low rate, a part of them at a high one. */
import type { EventSpec, providerEvents } from "@gantry/contract";

import type { Publish } from "../core/event-bus.ts";
import type { Call, CallOutcome } from "./call.ts";
import { describeRoute } from "./routing.ts";

export type PublishProviders = Publish<{ [Type in keyof typeof providerEvents]: EventSpec<(typeof providerEvents)[Type]["data"]> }>;

/** Every call is told up to this rate. Beyond it nobody could read them, and every subscriber would pay for each. */
const toldPerSecond = 100;

export function createCallNews(publish: PublishProviders): (call: Call, outcome: CallOutcome) => void {
  let second = 0;
  let told = 0;
  let skipped = 0;
  return (call, outcome) => {
    const thisSecond = Math.floor(call.settledAt / 1000);
    if (thisSecond !== second) {
      second = thisSecond;
      told = 0;
    }
    if (told >= toldPerSecond) {
      skipped += 1;
      return;
    }
    told += 1;
    publish("call.ended", {
      callId: call.id,
      provider: call.instance?.name ?? describeRoute(call.request.route),
      ...(call.instance === undefined ? {} : { instance: call.instance.instance }),
      method: call.request.method,
      outcome: outcome.ok ? "ok" : outcome.error.code,
      durationMs: round(call.settledAt - call.startedAt),
      chunks: call.received,
      skipped,
    });
    skipped = 0;
  };
}

/** Milliseconds to the microsecond. */
export function round(milliseconds: number): number {
  return Math.round(milliseconds * 1000) / 1000;
}
