/** List-then-watch without a race: each subscriber gets a snapshot with its sequence number first, then every later event once. */
import type { EventEnvelope, EventSpec } from "@gantry/contract";

import type { Caller } from "../core/caller.ts";

export interface EventFeedOptions {
  events: Record<string, EventSpec>;
  bus: { subscribe(listener: (envelope: EventEnvelope) => void): () => void; readonly seq: number };
  /** What the caller may see now. */
  snapshot(caller: Caller): Promise<unknown>;
  /** Tells this daemon's life from the one before, whose numbers mean something else. */
  epoch: string;
  onError(error: unknown): void;
}

interface Subscriber {
  snapshot(snapshot: { seq: number; epoch: string; data: unknown }): void;
  event(envelope: EventEnvelope): void;
  onClose(listener: () => void): void;
}

/** Enough for a client that lost its connection for a moment at a busy time; older ones get a snapshot instead. */
const keptEvents = 1000;

export function createEventFeed({ events, bus, snapshot, epoch, onError }: EventFeedOptions) {
  const recent: EventEnvelope[] = [];
  const forwards = new Set<(envelope: EventEnvelope) => void>();
  const unsubscribe = bus.subscribe((envelope) => {
    recent.push(envelope);
    if (recent.length > keptEvents) recent.shift();
    for (const forward of forwards) forward(envelope);
  });

  const start = async (caller: Caller, since: number | undefined, subscriber: Subscriber) => {
    const mayPass = ({ type }: EventEnvelope) => {
      const permission = events[type]?.permission;
      return permission !== undefined && caller.permissions.has(permission);
    };
    const resumable = since !== undefined && since <= bus.seq && (recent[0]?.seq ?? bus.seq + 1) <= since + 1;
    // Events that happen while the snapshot is made wait here: the snapshot's number is taken first, so none is missed.
    let waiting: EventEnvelope[] | undefined = resumable ? recent.filter(({ seq }) => seq > since) : [];
    const forward = (envelope: EventEnvelope) => {
      if (!mayPass(envelope)) return;
      if (waiting === undefined) subscriber.event(envelope);
      else waiting.push(envelope);
    };
    forwards.add(forward);
    subscriber.onClose(() => forwards.delete(forward));
    if (!resumable) {
      const { seq } = bus;
      subscriber.snapshot({ seq, epoch, data: await snapshot(caller) });
    }
    for (const envelope of waiting) if (mayPass(envelope)) subscriber.event(envelope);
    waiting = undefined;
  };

  return {
    subscribe: (caller: Caller, since: number | undefined, subscriber: Subscriber) => void start(caller, since, subscriber).catch(onError),
    close: unsubscribe,
  };
}
