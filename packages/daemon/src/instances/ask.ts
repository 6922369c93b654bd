/** Asks another instance of this user one question over its control socket, without waiting for one that hangs. */
import { connect } from "node:net";

import {
  type ControlReply,
  decodeJsonPayload,
  encodeJsonFrame,
  errorFromProblem,
  FrameDecoder,
  GantryError,
  jsonFrame,
} from "@gantry/contract";

/** Rejects with `unavailable` when nobody listens, with `deadlineExceeded` when nobody answers. */
export function ask<Output>(controlSocket: string, operation: string, input: object, timeoutMs: number): Promise<Output> {
  return new Promise((resolve, reject) => {
    const socket = connect(controlSocket);
    const decoder = new FrameDecoder();
    const finish = (settle: () => void) => {
      clearTimeout(timer);
      socket.destroy();
      settle();
    };
    const timer = setTimeout(
      () => finish(() => reject(new GantryError("deadlineExceeded", `${controlSocket} gave no answer within ${timeoutMs} ms.`))),
      timeoutMs,
    );
    socket.once("error", (cause) => finish(() => reject(new GantryError("unavailable", `Nobody answers on ${controlSocket}.`, { cause }))));
    socket.once("close", () => finish(() => reject(new GantryError("unavailable", `${controlSocket} closed before it answered.`))));
    socket.on("data", (bytes: Buffer) => {
      for (const { kind, payload } of decoder.push(bytes)) {
        if (kind !== jsonFrame) continue;
        const reply = decodeJsonPayload(payload) as ControlReply;
        if ("error" in reply) finish(() => reject(errorFromProblem(reply.error)));
        else if ("output" in reply) finish(() => resolve(reply.output as Output));
      }
    });
    socket.write(encodeJsonFrame(1, { op: operation, input }));
  });
}
