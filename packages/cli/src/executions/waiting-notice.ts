/** Says why a run in the foreground has not begun, when that lasts: nobody should wonder before a paused queue. */
import type { Execution, Queue } from "@gantry/contract";

interface Caller {
  call(operation: string, input: object): Promise<unknown>;
}

/** Less would only flicker by. */
const afterMs = 1000;

/** Returns what ends it; call that as soon as it runs. */
export function noticeWaiting(connection: Caller, id: string, notice: (text: string) => void): () => void {
  const tell = async () => {
    const { state, queue, dueAt } = (await connection.call("executions.get", { id })) as Execution;
    if (state === "scheduled" && dueAt !== null) notice(`gantry: ${id} begins at ${dueAt}`);
    if (state !== "queued") return;
    const { items } = (await connection.call("queues.list", {})) as { items: Queue[] };
    const found = items.find(({ name }) => name === queue);
    if (found?.paused === true) notice(`gantry: ${id} waits because its queue is paused; let it go on with: gantry queue resume ${queue}`);
    else if (found !== undefined) notice(`gantry: ${id} waits in the queue ${queue}: ${found.running} running, ${found.queued} waiting`);
  };
  // Only a notice: whatever is wrong is told by the run itself.
  const timer = setTimeout(() => void tell().catch(() => undefined), afterMs);
  return () => clearTimeout(timer);
}
