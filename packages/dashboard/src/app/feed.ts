/** The subscription to `/cluster`: one snapshot, then deltas, resumed by number after a lost connection. */
import type { Credential } from "@gantry/client";
import type { EventEnvelope } from "@gantry/contract";
import { io } from "socket.io-client";

export interface FeedState {
  connection: "connecting" | "live" | "lost";
  /** Newest first. */
  recent: readonly EventEnvelope[];
}

export interface Feed {
  state(): FeedState;
  subscribe(listener: () => void): () => void;
  onEvent(listener: (event: EventEnvelope) => void): () => void;
  close(): void;
}

interface FeedOptions {
  credential: Credential;
  onRefused(reason: string): void;
  /** Names of rooms whose data is no longer what the page has. */
  onChanged(rooms: ReadonlySet<string>): void;
}

const keptEvents = 100;
/** Many events in a burst make one refresh. */
const gatherMs = 250;
const everyRoom = ["instances", "commands", "executions", "schedules", "batches", "sessions", "providers"];
const roomOf: Record<string, string> = {
  instance: "instances",
  execution: "executions",
  queue: "executions",
  schedule: "schedules",
  batch: "batches",
  session: "sessions",
  provider: "providers",
  call: "providers",
};

export function connectFeed({ credential, onRefused, onChanged }: FeedOptions): Feed {
  let state: FeedState = { connection: "connecting", recent: [] };
  let since: number | undefined;
  let epoch: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const changed = new Set<string>();
  const listeners = new Set<() => void>();
  const eventListeners = new Set<(event: EventEnvelope) => void>();

  const update = (next: Partial<FeedState>) => {
    state = { ...state, ...next };
    for (const listener of listeners) listener();
  };
  const touch = (rooms: readonly string[]) => {
    for (const room of rooms) changed.add(room);
    timer ??= setTimeout(() => {
      timer = undefined;
      const rooms = new Set(changed);
      changed.clear();
      onChanged(rooms);
    }, gatherMs);
  };

  const socket = io("/cluster", {
    transports: ["websocket"],
    auth: (send) => send({ ...credential, since, epoch }),
    reconnectionDelay: 300,
    reconnectionDelayMax: 3_000,
  });
  socket.on("connect", () => update({ connection: "live" }));
  socket.on("disconnect", (reason) => {
    update({ connection: "lost" });
    // Socket.IO does not reconnect by itself after this one; a stopping daemon sends it, and the next one is expected.
    if (reason === "io server disconnect") socket.connect();
  });
  socket.on("connect_error", (error: Error & { data?: { code?: string; detail?: string } }) => {
    if (error.data?.code === "unauthenticated") onRefused(error.data.detail ?? error.message);
    else update({ connection: "lost" });
  });
  socket.on("snapshot", (snapshot: { seq: number; epoch: string }) => {
    ({ seq: since, epoch } = snapshot);
    touch(everyRoom);
  });
  socket.on("event", (event: EventEnvelope) => {
    since = event.seq;
    if (event.type !== "execution.progress") {
      update({ recent: [event, ...state.recent].slice(0, keptEvents) });
      const room = roomOf[event.type.split(".")[0] as string];
      if (room !== undefined) touch([room]);
    }
    for (const listener of eventListeners) listener(event);
  });

  return {
    state: () => state,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    onEvent: (listener) => {
      eventListeners.add(listener);
      return () => eventListeners.delete(listener);
    },
    close() {
      clearTimeout(timer);
      socket.disconnect();
    },
  };
}
