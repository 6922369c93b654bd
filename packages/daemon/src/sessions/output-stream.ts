/** A session's output for callers of an operation: as a stream at their own speed, or everything kept as one text. */
import type { SessionOutputEvent } from "@gantry/contract";

import type { HostLink } from "../host/link.ts";

interface OutputOptions {
  since: number;
  /** Ends with what there is now instead of with the session. */
  follow: boolean;
  signal: AbortSignal;
}

/** What waits for a slow caller; beyond it the session is left until the caller has caught up. */
const waitingBytes = 1024 * 1024;

export async function* outputEvents(
  link: HostLink,
  id: string,
  { since, follow, signal }: OutputOptions,
): AsyncGenerator<SessionOutputEvent> {
  const decoders = { 1: new TextDecoder(), 2: new TextDecoder() };
  const queue: SessionOutputEvent[] = [];
  let queued = 0;
  let paused = false;
  let over = false;
  let wake: () => void = () => {};
  const add = (event: SessionOutputEvent, bytes: number): void => {
    queue.push(event);
    queued += bytes;
    if (queued > waitingBytes && !paused) {
      paused = true;
      followed.pause();
    }
    wake();
  };
  const finish = (): void => {
    over = true;
    wake();
  };
  const followed = link.follow(
    id,
    { since },
    {
      output({ offset, stream, data }) {
        const text = decoders[stream].decode(data, { stream: true });
        if (text !== "")
          add({ type: stream === 1 ? "stdout" : "stderr", offset, nextOffset: offset + data.length, data: text }, data.length);
      },
      snapshot({ offset, cols, rows, data }) {
        decoders[1] = new TextDecoder();
        add({ type: "snapshot", nextOffset: offset, cols, rows, data: Buffer.from(data).toString() }, data.length);
      },
      live() {
        if (!follow && !paused) finish();
      },
      exit({ code, signal: by, reason }) {
        add({ type: "exit", state: "exited", exitCode: code, signal: by, reason }, 0);
        finish();
      },
      lost() {
        add({ type: "exit", state: "lost", exitCode: null, signal: null, reason: "lost" }, 0);
        finish();
      },
    },
  );
  signal.addEventListener("abort", finish);
  try {
    while (!signal.aborted) {
      for (let event = queue.shift(); event !== undefined; event = queue.shift()) yield event;
      queued = 0;
      if (over) return;
      const woken = new Promise<void>((resolve) => (wake = resolve));
      if (paused) {
        paused = false;
        followed.resume();
      }
      await woken;
    }
  } finally {
    signal.removeEventListener("abort", finish);
    followed.close();
  }
}

export async function outputText(link: HostLink, id: string, since: number, signal: AbortSignal): Promise<string> {
  let text = "";
  for await (const event of outputEvents(link, id, { since, follow: false, signal })) {
    if (event.type === "snapshot") text = event.data;
    else if (event.type !== "exit") text += event.data;
  }
  return text;
}
