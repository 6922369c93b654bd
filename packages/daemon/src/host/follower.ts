/** One follower of a child: replays from where it stands, joins the live stream without gap or repeat, and can pause. */
import { encodeServerMessage, outputHeaderBytes, parseServerMessage } from "@gantry/contract/session-protocol";

import type { ChildExit, FollowListener, OutputChunk, ScreenSnapshot } from "./interface.ts";
import type { ReplayEnd } from "./protocol.ts";

/** Asks the host for a replay; frames and end come back through `replayed` and `ended` of the same ticket. */
export type AskReplay = (since: number | undefined, ticket: ReplayTicket) => void;

export interface ReplayTicket {
  message(message: Uint8Array): void;
  /** undefined: the host or the child is gone. */
  end(result: ReplayEnd | undefined): void;
}

export interface Follower {
  /** A live output or snapshot message, parsed once for all followers. */
  live(event: { chunk: OutputChunk } | { snapshot: ScreenSnapshot }): void;
  exit(exit: ChildExit): void;
  lost(): void;
  start(): void;
  pause(): void;
  /** The connection is new: whoever was not paused replays from where it stands. */
  restart(): void;
  close(): void;
}

export function parseOutput(message: Uint8Array): { chunk: OutputChunk } | { snapshot: ScreenSnapshot } | undefined {
  const parsed = parseServerMessage(message);
  if (parsed.type === "output") return { chunk: { offset: parsed.offset, stream: parsed.stream, data: parsed.data, message } };
  if (parsed.type === "snapshot") return { snapshot: { ...parsed, message } };
  return undefined;
}

/** `recent` gives everything from an offset to the present without asking the host, when it can. */
export function createFollower(
  since: number | undefined,
  ask: AskReplay,
  recent: (offset: number) => readonly OutputChunk[] | undefined,
  listener: FollowListener,
): Follower {
  let next = since;
  let state: "replaying" | "live" | "paused" | "over" = "paused";
  /** Tells the present replay from one that a pause made obsolete. */
  let turn = 0;

  const deliver = (event: ReturnType<typeof parseOutput>): void => {
    if (event === undefined) return;
    if ("snapshot" in event) {
      next = event.snapshot.offset;
      return listener.snapshot(event.snapshot);
    }
    const { chunk } = event;
    const end = chunk.offset + chunk.data.length;
    const seen = next ?? 0;
    if (end <= seen) return;
    next = end;
    listener.output(chunk.offset >= seen ? chunk : cut(chunk, seen));
  };
  const replay = (): void => {
    state = "replaying";
    turn += 1;
    const mine = turn;
    const current = (): boolean => mine === turn && state === "replaying";
    ask(next, {
      message(message) {
        if (current()) deliver(parseOutput(message));
      },
      end(result) {
        if (!current()) return;
        if (result === undefined) return lost();
        if (!result.live) return replay();
        next = Math.max(next ?? 0, result.offset);
        state = "live";
        listener.live?.();
        // The listener may have paused or closed just now.
        if (state === "live" && result.exit !== undefined) exit(result.exit);
      },
    });
  };
  /** The listener may have paused or closed during a delivery. */
  const isLive = (): boolean => state === "live";
  const exit = (value: ChildExit): void => {
    if (state !== "live") return;
    state = "over";
    listener.exit(value);
  };
  const lost = (): void => {
    if (state === "over") return;
    state = "over";
    listener.lost?.();
  };
  return {
    live(event) {
      if (state === "live") deliver(event);
    },
    exit,
    lost,
    start() {
      if (state !== "paused") return;
      const chunks = next === undefined ? undefined : recent(next);
      if (chunks === undefined) return replay();
      // Makes an answer that is still on its way obsolete.
      turn += 1;
      state = "live";
      for (const chunk of chunks) {
        deliver({ chunk });
        if (!isLive()) return;
      }
      listener.live?.();
    },
    pause() {
      if (state !== "over") state = "paused";
    },
    restart() {
      if (state === "live" || state === "replaying") replay();
    },
    close() {
      state = "over";
    },
  };
}

function cut(chunk: OutputChunk, from: number): OutputChunk {
  const data = chunk.data.subarray(from - chunk.offset);
  const { stream } = chunk;
  const message = encodeServerMessage({ type: "output", offset: from, stream, data });
  return { offset: from, stream, data: message.subarray(outputHeaderBytes), message };
}
