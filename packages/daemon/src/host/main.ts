/** Entry of the process host, and of its threads (screens, recordings): `node main.ts <socket> <journal> <version>`, started detached by link.ts. */
import { isMainThread, workerData } from "node:worker_threads";

import { releaseMemoryWhenIdle } from "../core/idle-memory.ts";
import type { RenderTask } from "./render-recording.ts";

const idleExitMs = 30_000;

async function main(): Promise<void> {
  const { pino } = await import("pino");
  const { runHost } = await import("./host.ts");
  const [socketPath, journalPath, version] = process.argv.slice(2);
  if (socketPath === undefined || journalPath === undefined || version === undefined)
    throw new Error("usage: main <socket> <journal> <version>");
  const log = pino({ base: { pid: process.pid, part: "host" } }, pino.destination({ dest: 2, sync: true }));
  // The terminal or login that the daemon was started from may go away: the sessions stay.
  for (const signal of ["SIGHUP", "SIGINT", "SIGPIPE"] as const) process.on(signal, () => {});
  process.on("uncaughtException", (error) =>
    log.error({ err: error }, "uncaught exception; the host goes on because its children depend on it"),
  );
  process.on("unhandledRejection", (error) => log.error({ err: error }, "unhandled rejection"));
  const host = await runHost({
    socketPath,
    journalPath,
    version,
    threadEntry: import.meta.filename,
    idleExitMs: Number(process.env.GANTRY_HOST_IDLE_EXIT_MS ?? idleExitMs),
    log,
    done() {
      log.info({}, "nothing left to do");
      process.exit(0);
    },
  });
  releaseMemoryWhenIdle();
  // The machine goes down: children get their chance to save.
  process.on("SIGTERM", () => void host.shutdown(3000));
}

async function thread({ recordings, render }: { recordings?: true; render?: RenderTask }): Promise<void> {
  if (recordings === true) (await import("./recording-worker.ts")).runRecordingWorker();
  else if (render === undefined) (await import("./screen-worker.ts")).runScreenWorker();
  else await (await import("./render-recording.ts")).runRenderWorker(render);
}

if (isMainThread) await main();
else await thread((workerData ?? {}) as Parameters<typeof thread>[0]);
