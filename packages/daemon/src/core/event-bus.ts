/** Carries events from services to whoever forwards them; keeps nothing but the sequence number. */
import type { EventEnvelope, EventSpec } from "@gantry/contract";
import type { z } from "zod";

import { type Clock, toTimestamp } from "./clock.ts";

type EventTable = Record<string, EventSpec>;

export interface EventBus<Events extends EventTable> {
  publish<Type extends keyof Events & string>(type: Type, data: z.input<Events[Type]["data"]>): void;
  /** Called synchronously for each event; returns the unsubscribe function. */
  subscribe(listener: (envelope: EventEnvelope) => void): () => void;
  /** The number of the latest event; 0 before the first. */
  readonly seq: number;
}

/** What a room needs of the bus: only its own events. */
export type Publish<Events extends EventTable> = EventBus<Events>["publish"];

export function createEventBus<Events extends EventTable>(clock: Clock, onListenerError: (error: unknown) => void): EventBus<Events> {
  const listeners = new Set<(envelope: EventEnvelope) => void>();
  let seq = 0;
  return {
    publish(type, data) {
      seq += 1;
      const envelope: EventEnvelope = { seq, type, time: toTimestamp(clock.now()), data };
      for (const listener of listeners) {
        try {
          listener(envelope);
        } catch (error) {
          onListenerError(error);
        }
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get seq() {
      return seq;
    },
  };
}
