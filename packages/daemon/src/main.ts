/** The daemon's entry: flags, signals, exit code. Started by `gantry start` (detached) and `gantry serve` (in the foreground). */
import { createWriteStream, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname } from "node:path";
import { parseArgs } from "node:util";

import { GantryError, InstanceName, ManagementStyle, resolvePaths, resolveRoots } from "@gantry/contract";

import { loadConfig } from "./config.ts";
import { releaseMemoryWhenIdle } from "./core/idle-memory.ts";
import { notifyReady, takeNotifySocket } from "./core/notify-ready.ts";

const { values: flags } = parseArgs({
  options: {
    instance: { type: "string" },
    config: { type: "string" },
    host: { type: "string" },
    port: { type: "string" },
    "log-level": { type: "string" },
    /** Nothing that waits begins until its queue is resumed. */
    paused: { type: "boolean", default: false },
    style: { type: "string", default: "http" },
    /** A file descriptor that is told `{record}` or `{error}` once, and closed. */
    "ready-fd": { type: "string" },
    /** Nobody asked for it by name: it ends when nobody needs it any more. */
    "auto-started": { type: "boolean", default: false },
    /** Only loads the configuration and reports it. */
    "print-config": { type: "boolean", default: false },
    /** Only answers this operation about instances, without starting anything; see offline.ts. */
    offline: { type: "string" },
    /** JSON: what is asked. */
    input: { type: "string", default: "{}" },
  },
});

const notifySocket = takeNotifySocket(process.env);
const unforced = 0;
const failed = 1;

function report(outcome: object): Promise<void> {
  const fd = flags["ready-fd"];
  if (fd === undefined) return Promise.resolve();
  return new Promise((resolve) =>
    createWriteStream("", { fd: Number(fd) })
      .on("error", () => resolve())
      .end(`${JSON.stringify(outcome)}\n`, resolve),
  );
}

async function main(): Promise<void> {
  const inputs = { env: process.env, homeDirectory: homedir() };
  const load = (configFile = flags.config) =>
    loadConfig({
      flags: {
        instance: flags.instance,
        "daemon.host": flags.host,
        "daemon.port": flags.port === undefined ? undefined : Number(flags.port),
        "daemon.logLevel": flags["log-level"],
      },
      env: process.env,
      workingDirectory: process.cwd(),
      userConfigFile: `${resolveRoots(inputs).configDirectory}/gantry.toml`,
      configFile,
    });
  if (flags.offline !== undefined) {
    const instance = flags.instance ?? process.env.GANTRY_INSTANCE ?? "default";
    const { answerOffline } = await import("./offline.ts");
    const answer = await answerOffline(flags.offline, JSON.parse(flags.input), { inputs, load, instance });
    process.stdout.write(`${JSON.stringify(answer)}\n`);
    return;
  }
  const loaded = load();
  if (flags["print-config"]) {
    process.stdout.write(`${JSON.stringify({ configFile: loaded.configFile, values: loaded.values })}\n`);
    return;
  }
  // Only now: questions are answered without everything that a daemon needs.
  const [{ startDaemon }, { createLogger }] = await Promise.all([import("./daemon.ts"), import("./core/logger.ts")]);
  const { config } = loaded;
  const paths = resolvePaths(InstanceName.parse(config.instance), inputs);
  const style = ManagementStyle.parse(flags.style);
  mkdirSync(dirname(paths.logFile), { recursive: true, mode: 0o700 });
  const logger = createLogger({
    level: config.daemon.logLevel,
    file: paths.logFile,
    rotateAtBytes: () => config.daemon.logMaxBytes,
    stderr: style === "http",
  });

  process.on("uncaughtException", (error) => {
    logger.fatal({ err: error }, "a defect ended the daemon; sessions and running programs live on in the process host");
    process.exit(125);
  });

  let signals = unforced;
  const stop = (request: Parameters<typeof daemon.stop>[0]) => {
    daemon.stop(request).then(
      () => process.exit(0),
      (error: unknown) => {
        logger.fatal({ err: error }, "stopping failed");
        process.exit(failed);
      },
    );
  };
  const daemon = await startDaemon({
    loaded,
    paths,
    style,
    launch: { workingDirectory: process.cwd(), flags: process.argv.slice(2) },
    logger,
    reread: () => load(loaded.configFile),
    autoStarted: flags["auto-started"],
    startPaused: flags.paused,
    // The answer to the request must leave before the door closes.
    onStopRequested: (request) => void setImmediate(stop, request),
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      signals += 1;
      if (signals > 1) daemon.hasten();
      else stop({ drainTimeoutMs: config.daemon.drainTimeoutMs, sessions: false, keepPrograms: false });
    });
  }
  // As servers do. A closed terminal sends it too: that must not end a daemon that somebody else may be using, and reading anew does no harm.
  process.on("SIGHUP", () => {
    daemon.reload().catch((error: Error) => logger.error({ problem: error.message }, "the configuration was not read anew"));
  });
  notifyReady(notifySocket, logger);
  await report({ record: daemon.record, notices: daemon.notices });
  releaseMemoryWhenIdle();
}

main().catch(async (error: unknown) => {
  const known = error instanceof GantryError ? error : new GantryError("internal", (error as Error).stack ?? String(error));
  await report({ error: known.toProblem() });
  process.stderr.write(`gantry: ${known.message}\n`);
  process.exit(known.exitCode);
});
