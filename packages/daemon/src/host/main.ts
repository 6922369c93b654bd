/** Entry of the process host, and of its screen thread: `node main.ts <socket> <journal> <version>`, started detached by link.ts. */
import { isMainThread } from "node:worker_threads";

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
    screenWorkerEntry: import.meta.filename,
    idleExitMs: Number(process.env.GANTRY_HOST_IDLE_EXIT_MS ?? idleExitMs),
    log,
    done() {
      log.info({}, "nothing left to do");
      process.exit(0);
    },
  });
  // The machine goes down: children get their chance to save.
  process.on("SIGTERM", () => void host.shutdown(3000));
}

if (isMainThread) await main();
else (await import("./screen-worker.ts")).runScreenWorker();
