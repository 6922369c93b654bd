/**
 * What daemon and process host say to each other, in frames of @gantry/contract/frames.
 *
 * JSON frames (channel 0) carry requests with an id, replies, and notices. All other frames belong to a child, whose number is
 * the channel; `replay` frames belong to a request, whose id is the channel. Output and snapshot payloads are complete messages
 * of session-protocol.ts, so that the daemon can hand them to viewers untouched.
 */
import type { ChildExit, ChildSpec, ChildStatus, ExitReason, HostProblem, ScreenFormat, ScreenSignal } from "./interface.ts";

/** Raised when an older host or daemon would misunderstand; both sides refuse another number. */
export const hostProtocol = 1;

export const hostFrames = {
  /** Host → daemon: live output of a child. */
  output: 1,
  /** Host → daemon: the connection was too slow; everybody who follows this child starts anew from this snapshot. */
  snapshot: 2,
  /** Daemon → host: bytes for the program. */
  input: 3,
  /** Host → daemon: an output or snapshot message for one request. */
  replay: 4,
} as const;

export type NumberedStatus = ChildStatus & { number: number };

export interface HostHello {
  protocol: number;
  version: string;
  pid: number;
  startTime: string;
  children: NumberedStatus[];
}

export interface ReplayEnd {
  /** The next offset that this follower expects. */
  offset: number;
  /** False when more is waiting: ask again from `offset`. */
  live: boolean;
  /** Set when live and the child has ended. */
  exit?: ChildExit | undefined;
}

type Nothing = object;

export interface HostOperations {
  hello: { input: { protocol: number }; output: HostHello };
  spawn: { input: { spec: ChildSpec }; output: NumberedStatus };
  list: { input: { usage?: boolean | undefined }; output: NumberedStatus[] };
  replay: {
    input: { number: number; since?: number | undefined; limitBytes: number; scrollbackLines?: number | undefined };
    output: ReplayEnd;
  };
  snapshot: { input: { number: number }; output: Nothing };
  screen: { input: { number: number; format: ScreenFormat }; output: { text: string } };
  mark: { input: { number: number; key: string }; output: Nothing };
  transcript: { input: { number: number; key: string }; output: { text: string } };
  signal: { input: { number: number; signal: NodeJS.Signals }; output: Nothing };
  terminate: { input: { number: number; graceMs?: number | undefined; reason?: ExitReason | undefined }; output: { exit: ChildExit } };
  forget: { input: { number: number }; output: Nothing };
  shutdown: { input: { graceMs?: number | undefined }; output: Nothing };
}

/** Requests that need no answer. */
export type HostCommand =
  | { do: "unfollow"; number: number }
  | { do: "resize"; number: number; cols: number; rows: number }
  | { do: "closeInput"; number: number };

export type HostRequest = {
  [Op in keyof HostOperations]: { id: number; op: Op; input: HostOperations[Op]["input"] };
}[keyof HostOperations];

export type HostNotice =
  | { event: "exit"; number: number; childId: string; exit: ChildExit }
  | { event: "title"; number: number; childId: string; title: string }
  | { event: "inputDropped"; number: number; childId: string; droppedBytes: number }
  | { event: "signal"; number: number; childId: string; signal: ScreenSignal };

export type HostReply = { id: number; result: unknown } | { id: number; error: HostProblem };
