/** The process entry of a command worker: runs user code, one execution at a time, with its real cwd, environment, and standard streams. */
import type { ExecutionError } from "@gantry/contract";

import { describeModule, loadModule, watchImports } from "./load-modules.ts";
import type { FromWorker, RunMessage, ToWorker } from "./messages.ts";
import { noticeChildren } from "./notice-children.ts";
import { toExecutionError } from "./to-execution-error.ts";

/** More often than this nobody can see. */
const progressIntervalMs = 50;

const children = noticeChildren();
const homeDirectory = process.cwd();
/** Without the proxy that notices writes. */
const environment = process.env;
const homeEnvironment = { ...environment };
let environmentTouched = false;

interface Running {
  message: RunMessage;
  abort: AbortController;
  fail(error: unknown): void;
}
let running: Running | undefined;
let spent: string | undefined;
/** The size is asked for after long executions and, of short ones, now and then: asking costs as much as a short one. */
const measureMemoryEveryMs = 250;
const memoryLimitBytes = Number(process.argv[2]);
let measuredAt = 0;

const send = (message: FromWorker) => void process.send?.(message);

function useBlockingStreams(): void {
  // Two reasons: process.exit() must not cut output off, and children inherit the streams and expect ordinary, blocking ones.
  for (const stream of [process.stdout, process.stderr]) {
    (stream as unknown as { _handle?: { setBlocking?(on: boolean): void } })._handle?.setBlocking?.(true);
  }
}

function enter(cwd: string): void {
  if (process.cwd() === cwd) return;
  try {
    process.chdir(cwd);
  } catch (cause) {
    const error = new Error(`The working folder ${cwd} cannot be entered (${(cause as { code?: string }).code}). Nothing was run.`, {
      cause,
    });
    // Nobody's code was reached: where this was thrown says nothing to anybody.
    delete error.stack;
    throw Object.assign(error, { name: "CannotStart" });
  }
}

async function run(message: RunMessage): Promise<void> {
  let result: string | undefined;
  let error: ExecutionError | undefined;
  const escaped = Promise.withResolvers<never>();
  const abort = new AbortController();
  running = { message, abort, fail: escaped.reject };
  process.exitCode = undefined;
  try {
    enter(message.cwd);
    Object.assign(environment, message.env);
    result = await Promise.race([invoke(message, abort.signal), escaped.promise]);
  } catch (thrown) {
    error = toExecutionError(thrown);
  }
  running = undefined;
  const exitCode = takeExitCode() ?? (error === undefined ? 0 : 1);
  restore(message);
  const { mayHaveLeft, hasChildren } = children.look();
  spent ??= hasChildren ? "it has child processes left" : tooLarge();
  send({ type: "done", result, error, exitCode, spent, mayHaveLeft });
}

async function invoke(message: RunMessage, signal: AbortSignal): Promise<string> {
  const { file, command, executionId, attempt, cwd } = message;
  const definition = (await loadModule(file)).get(command);
  if (definition === undefined) throw new Error(`the module ${file} no longer exports the command ${command}`);
  let reportedAt = -Infinity;
  const returned = await definition.run(definition.parse(message.input), {
    signal,
    executionId,
    attempt,
    cwd,
    env: process.env,
    log: (text: string) => void process.stderr.write(`${text}\n`),
    progress(done: number, total: number | null = null, text = "") {
      const now = performance.now();
      if (now - reportedAt < progressIntervalMs && done !== total) return;
      reportedAt = now;
      send({ type: "progress", done, total, text });
    },
  });
  return toJson(returned);
}

function tooLarge(): string | undefined {
  const now = performance.now();
  if (now - measuredAt < measureMemoryEveryMs) return undefined;
  measuredAt = now;
  const bytes = process.memoryUsage.rss();
  return bytes > memoryLimitBytes ? `it has grown to ${Math.round(bytes / 2 ** 20)} MiB` : undefined;
}

/** What user code has set `process.exitCode` to, as it would in a process of its own. */
function takeExitCode(): number | undefined {
  const given = process.exitCode;
  process.exitCode = undefined;
  return given === undefined || given === null ? undefined : Number(given);
}

function toJson(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch (cause) {
    throw new TypeError("the command returned something that JSON cannot hold; return plain data", { cause });
  }
}

/** Comparing every variable after every execution would cost more than most executions change. */
function noticeEnvironmentWrites(): void {
  const noticed = <Arguments extends unknown[], Result>(write: (...given: Arguments) => Result) => {
    return (...given: Arguments) => {
      environmentTouched = true;
      return write(...given);
    };
  };
  process.env = new Proxy(environment, {
    set: noticed((target, name, value) => Reflect.set(target, name, value)),
    defineProperty: noticed((target, name, descriptor) => Reflect.defineProperty(target, name, descriptor)),
    deleteProperty: noticed((target, name) => Reflect.deleteProperty(target, name)),
  });
}

function restore({ env }: RunMessage): void {
  if (process.cwd() !== homeDirectory) process.chdir(homeDirectory);
  const names = environmentTouched ? new Set([...Object.keys(environment), ...Object.keys(homeEnvironment)]) : Object.keys(env);
  environmentTouched = false;
  for (const name of names) {
    const value = homeEnvironment[name];
    if (value === undefined) delete environment[name];
    else if (environment[name] !== value) environment[name] = value;
  }
}

process.on("message", (message: ToWorker) => {
  if (message.type === "run") void run(message);
  else if (message.type === "abort") {
    running?.abort.abort(new DOMException(message.reason === "cancelled" ? "cancelled" : "time is over", "AbortError"));
  } else {
    void Promise.all(message.files.map(describeModule)).then((reports) => send({ type: "described", reports }));
  }
});

// Without its daemon a worker has nobody to tell the outcome to, and what it started would be left without an owner.
process.on("disconnect", () => process.kill(-process.pid, "SIGKILL"));

function onEscaped(error: unknown): void {
  spent = "an exception escaped";
  if (running === undefined) {
    process.stderr.write(`${toExecutionError(error).stack ?? String(error)}\n`);
    process.exit(1);
  }
  running.fail(error);
}
process.on("uncaughtException", onEscaped);
process.on("unhandledRejection", onEscaped);

useBlockingStreams();
watchImports();
noticeEnvironmentWrites();
send({ type: "ready" });
