/** What `gantry run` does once its words are understood. Apart from the verb, so that the plain form needs no option parser. */
import { resolve } from "node:path";

import type { ExecuteEvent, ExecutionResult } from "@gantry/contract";
import { GantryError } from "@gantry/contract/errors";

import { parseDuration } from "../output/duration.ts";
import { formatDuration } from "../output/units.ts";
import type { VerbContext } from "../verb.ts";
import { exitStatus } from "./exit-status.ts";
import { createOutputWriter } from "./write-output.ts";

export interface RunOptions {
  detach?: boolean;
  json?: boolean;
  timeout?: string;
  env?: string[];
  cwd?: string;
  priority?: string;
  queue?: string;
  retries?: string;
  retryDelay?: string;
  delay?: string;
  expires?: string;
  tag?: string[];
  idempotencyKey?: string;
  /** A file of JSON, or `-`. */
  input?: string;
  refresh?: boolean;
  /** False with --no-cache. */
  cache?: boolean;
}

/** `words` are the command's own: they are parsed by the daemon against its schema. */
export async function runCommand(name: string, words: string[], options: RunOptions, context: VerbContext): Promise<void> {
  const { connection } = await context.connect();
  const own = words.includes("--") ? words.slice(0, words.indexOf("--")) : words;
  if (own.includes("--help") || own.includes("-h")) {
    const { usage } = (await connection.call("commands.get", { name })) as { usage: string };
    process.stdout.write(usage);
    return;
  }
  const input = {
    command: name,
    ...(options.input === undefined ? { argv: words } : { input: await readInput(options.input, words) }),
    cwd: options.cwd === undefined ? process.cwd() : resolve(options.cwd),
    ...(options.timeout === undefined ? {} : { timeoutMs: parseDuration(options.timeout, "--timeout") }),
    ...(options.env === undefined ? {} : { env: variables(options.env) }),
    ...(options.priority === undefined ? {} : { priority: wholeNumber(options.priority, "--priority") }),
    ...(options.queue === undefined ? {} : { queue: options.queue }),
    ...(options.retries === undefined ? {} : { retries: wholeNumber(options.retries, "--retries") }),
    ...(options.retryDelay === undefined ? {} : { retryDelayMs: parseDuration(options.retryDelay, "--retry-delay") }),
    ...(options.delay === undefined ? {} : { delayMs: parseDuration(options.delay, "--delay") }),
    ...(options.expires === undefined ? {} : { expiresInMs: parseDuration(options.expires, "--expires") }),
    ...(options.tag === undefined ? {} : { tags: options.tag }),
    ...(options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey }),
    ...(options.cache === false ? { cache: "bypass" } : options.refresh === true ? { cache: "refresh" } : {}),
    wait: options.detach !== true,
  };
  if (options.detach === true) {
    const result = (await connection.call("executions.execute", input)) as ExecutionResult;
    if (options.json === true) print(result);
    else process.stdout.write(`${result.executionId}\n`);
    return;
  }

  let executionId: string | undefined;
  let joined = false;
  let interrupts = 0;
  const cancel = () => {
    interrupts += 1;
    // The second time somebody does not want to wait for an orderly end any more.
    if (interrupts > 1 || executionId === undefined) process.exit(130);
    if (joined) {
      process.stderr.write(`\ngantry: left ${executionId}, which another request has begun; end it with: gantry cancel ${executionId}\n`);
      process.exit(130);
    }
    process.stderr.write(`\ngantry: cancelling ${executionId}; press Ctrl-C again to leave at once\n`);
    connection.call("executions.cancel", { id: executionId }).catch(() => undefined);
  };
  process.on("SIGINT", cancel).on("SIGTERM", cancel);
  const output = createOutputWriter();
  let result: ExecutionResult | undefined;
  let waitingNotice: (() => void) | undefined;
  for await (const event of connection.stream("executions.execute", input) as AsyncIterable<ExecuteEvent>) {
    if (event.type !== "accepted") waitingNotice?.();
    if (event.type === "accepted") {
      ({ executionId, joined = false } = event);
      if (event.state === "queued" || event.state === "scheduled") {
        const { noticeWaiting } = await import("./waiting-notice.ts");
        waitingNotice = noticeWaiting(connection, executionId, output.notice);
      }
    } else if (event.type === "output" && options.json !== true) await output.write(event);
    else if (event.type === "retrying") output.notice(retryNotice(event));
    else if (event.type === "progress") output.progress(event);
    else if (event.type === "result") ({ result } = event);
  }
  output.end();
  process.off("SIGINT", cancel).off("SIGTERM", cancel);
  if (result === undefined) {
    throw new GantryError(
      "aborted",
      `The daemon went away before ${executionId} had ended. See what became of it with: gantry show ${executionId}`,
    );
  }
  if (options.json === true) print(result);
  else explain(result);
  if (result.cacheAgeMs !== null && process.stderr.isTTY && options.json !== true)
    process.stderr.write(
      `gantry: cached ${Math.round(result.cacheAgeMs / 1000)} s ago (${result.executionId}); gantry run --refresh ${name} runs it anew\n`,
    );
  context.exitWith(exitStatus(result));
}

async function readInput(file: string, words: string[]): Promise<unknown> {
  const where = file === "-" ? "standard input" : file;
  const wrong = (why: string) => new GantryError("invalidArgument", `--input ${where}: ${why} Nothing was run.`);
  if (words.length > 0) throw wrong("give the input either there or as arguments, not both.");
  const given = file === "-" ? process.stdin : (await import("node:fs")).createReadStream(file);
  const text = await (await import("node:stream/consumers")).text(given).catch((error: Error) => {
    throw wrong(`it cannot be read (${error.message}).`);
  });
  try {
    const input: unknown = JSON.parse(text);
    if (typeof input === "object" && input !== null && !Array.isArray(input)) return input;
  } catch {
    // Told below, without what the text says: it may be secret.
  }
  throw wrong("it must hold one JSON object.");
}

function wholeNumber(text: string, option: string): number {
  if (/^-?\d+$/.test(text)) return Number(text);
  throw new GantryError("invalidArgument", `${option} ${JSON.stringify(text)} is no whole number.`);
}

/** `name=value`, or the name of a variable of this shell. */
export function variables(given: string[]): Record<string, string> {
  return Object.fromEntries(
    given.map((word): [string, string] => {
      const equals = word.indexOf("=");
      if (equals > 0) return [word.slice(0, equals), word.slice(equals + 1)];
      const value = process.env[word];
      if (value === undefined)
        throw new GantryError("invalidArgument", `--env ${word}: this shell has no such variable; write ${word}=value.`);
      return [word, value];
    }),
  );
}

export function retryNotice({ attempt, state, error, delayMs }: Extract<ExecuteEvent, { type: "retrying" }>): string {
  const wait = delayMs < 1 ? "now" : `in ${formatDuration(delayMs)}`;
  return `gantry: attempt ${attempt} ${state}${error === null ? "" : ` (${error.message.split("\n")[0]})`}; trying again ${wait}`;
}

function print(result: ExecutionResult): void {
  process.stdout.write(`${JSON.stringify({ schemaVersion: 1, ...result }, null, 2)}\n`);
}

/** A program speaks for itself; what a function threw has not been printed by anybody yet. */
function explain({ state, error, executionId }: ExecutionResult): void {
  if (error === null || error.name === "NonZeroExit") return;
  const text = state === "failed" ? (error.stack ?? `${error.name}: ${error.message}`) : `${executionId} ${state}: ${error.message}`;
  process.stderr.write(`${text}\n`);
}
