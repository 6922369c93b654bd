/** The same work through BullMQ 6: a job that does nothing in a sandboxed process, added to a queue on local Redis and waited for. */
import { randomUUID } from "node:crypto";

import { Queue, QueueEvents } from "bullmq";

import { endProcess, startChild } from "../relay/children.ts";

export interface BullMq {
  /** Resolves when the job's result is back. */
  run(): Promise<unknown>;
  close(): Promise<void>;
}

/** Of 2, 4, and 16 the number with which BullMQ was quickest on two cores. */
const children = 4;
/** Long enough that only a dead worker runs into it. */
const jobTimeoutMs = 30_000;

export async function startBullMq(port: number): Promise<BullMq> {
  const name = `gantry-benchmark-${randomUUID()}`;
  const connection = { host: "127.0.0.1", port, maxRetriesPerRequest: null };
  const worker = await startChild("../execute/bullmq-worker.ts", {}, [name, String(port), String(children)]);
  const queue = new Queue(name, { connection });
  const events = new QueueEvents(name, { connection });
  // Each job that is waited for listens for the queue's end.
  queue.setMaxListeners(0);
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  return {
    // The history stays, as Gantry's does.
    run: async () => (await queue.add("noop", {})).waitUntilFinished(events, jobTimeoutMs),
    async close() {
      await events.close();
      await queue.obliterate({ force: true });
      await queue.close();
      await endProcess(worker.child);
    },
  };
}
