/** BullMQ's side in a process of its own, as the daemon has one: takes jobs from a queue and runs each in a sandboxed child. Prints a line when ready. */
import { Worker } from "bullmq";

const [queue = "", port = "6379", concurrency = "1"] = process.argv.slice(2);
const worker = new Worker(queue, new URL("./bullmq-processor.ts", import.meta.url), {
  connection: { host: "127.0.0.1", port: Number(port), maxRetriesPerRequest: null },
  concurrency: Number(concurrency),
});
worker.on("error", (error) => process.stderr.write(`${error.message}\n`));
await worker.waitUntilReady();
process.stdout.write("ready\n");
process.once("SIGTERM", () => void worker.close().then(() => process.exit(0)));
