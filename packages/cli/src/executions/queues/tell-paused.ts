/** Says which queues are paused, where somebody might wonder why nothing begins. */
import type { VerbContext } from "../../verb.ts";

export async function tellPaused(context: VerbContext): Promise<void> {
  const { client } = await context.connect();
  const paused = (await client.queues.list()).items.filter((queue) => queue.paused);
  if (paused.length === 0) return;
  const waiting = paused.reduce((sum, { queued }) => sum + queued, 0);
  const names = paused.map(({ name }) => name).join(", ");
  process.stderr.write(`Paused: ${names} (${waiting} waiting). Nothing of it begins before: gantry queue resume --all\n`);
}
