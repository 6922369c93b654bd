/** The daemon's entry: flags, signals, exit code. Started by `gantry start` (detached) and `gantry serve` (in the foreground). */
import { createWriteStream, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname } from "node:path";
import { parseArgs } from "node:util";

import { GantryError, InstanceName, ManagementStyle, resolvePaths, resolveRoots } from "@gantry/contract";

import { loadConfig } from "./config.ts";
import { createLogger } from "./core/logger.ts";
import { startDaemon } from "./daemon.ts";

const { values: flags } = parseArgs({
  options: {
    instance: { type: "string" },
    config: { type: "string" },
    host: { type: "string" },
    port: { type: "string" },
    "log-level": { type: "string" },
    style: { type: "string", default: "http" },
    /** A file descriptor that is told `{record}` or `{error}` once, and closed. */
    "ready-fd": { type: "string" },
    /** Only loads the configuration and reports it. */
    "print-config": { type: "boolean", default: false },
  },
});

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
  const loaded = loadConfig({
    flags: {
      instance: flags.instance,
      "daemon.host": flags.host,
      "daemon.port": flags.port === undefined ? undefined : Number(flags.port),
      "daemon.logLevel": flags["log-level"],
    },
    env: process.env,
    workingDirectory: process.cwd(),
    userConfigFile: `${resolveRoots(inputs).configDirectory}/gantry.toml`,
    configFile: flags.config,
  });
  if (flags["print-config"]) {
    process.stdout.write(`${JSON.stringify({ configFile: loaded.configFile, values: loaded.values })}\n`);
    return;
  }
  const { config } = loaded;
  const paths = resolvePaths(InstanceName.parse(config.instance), inputs);
  const style = ManagementStyle.parse(flags.style);
  mkdirSync(dirname(paths.logFile), { recursive: true, mode: 0o700 });
  const logger = createLogger({ level: config.daemon.logLevel, file: paths.logFile, stderr: style === "http" });

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
  // A closed terminal must not end a daemon that somebody else may be using.
  process.on("SIGHUP", () => logger.info("ignored SIGHUP"));
  await report({ record: daemon.record });
}

main().catch(async (error: unknown) => {
  const known = error instanceof GantryError ? error : new GantryError("internal", (error as Error).stack ?? String(error));
  await report({ error: known.toProblem() });
  process.stderr.write(`gantry: ${known.message}\n`);
  process.exit(known.exitCode);
});
