/** What `gantry run` does once its words are understood. Apart from the verb, so that the plain form needs no option parser. */
import { resolve } from "node:path";

import type { ExecuteEvent, ExecutionResult } from "@gantry/contract";
import { GantryError } from "@gantry/contract/errors";

import { parseDuration } from "../output/duration.ts";
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
  tag?: string[];
  idempotencyKey?: string;
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
    argv: words,
    cwd: options.cwd === undefined ? process.cwd() : resolve(options.cwd),
    ...(options.timeout === undefined ? {} : { timeoutMs: parseDuration(options.timeout, "--timeout") }),
    ...(options.env === undefined ? {} : { env: variables(options.env) }),
    ...(options.priority === undefined ? {} : { priority: Number(options.priority) }),
    ...(options.tag === undefined ? {} : { tags: options.tag }),
    ...(options.idempotencyKey === undefined ? {} : { idempotencyKey: options.idempotencyKey }),
    wait: options.detach !== true,
  };
  if (options.detach === true) {
    const result = (await connection.call("executions.execute", input)) as ExecutionResult;
    if (options.json === true) print(result);
    else process.stdout.write(`${result.executionId}\n`);
    return;
  }

  let executionId: string | undefined;
  let interrupts = 0;
  const cancel = () => {
    interrupts += 1;
    // The second time somebody does not want to wait for an orderly end any more.
    if (interrupts > 1 || executionId === undefined) process.exit(130);
    process.stderr.write(`\ngantry: cancelling ${executionId}; press Ctrl-C again to leave at once\n`);
    connection.call("executions.cancel", { id: executionId }).catch(() => undefined);
  };
  process.on("SIGINT", cancel).on("SIGTERM", cancel);
  const output = createOutputWriter();
  let result: ExecutionResult | undefined;
  for await (const event of connection.stream("executions.execute", input) as AsyncIterable<ExecuteEvent>) {
    if (event.type === "accepted") ({ executionId } = event);
    else if (event.type === "output" && options.json !== true) await output.write(event);
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
  context.exitWith(exitStatus(result));
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

function print(result: ExecutionResult): void {
  process.stdout.write(`${JSON.stringify({ schemaVersion: 1, ...result }, null, 2)}\n`);
}

/** A program speaks for itself; what a function threw has not been printed by anybody yet. */
function explain({ state, error, executionId }: ExecutionResult): void {
  if (error === null || error.name === "NonZeroExit") return;
  const text = state === "failed" ? (error.stack ?? `${error.name}: ${error.message}`) : `${executionId} ${state}: ${error.message}`;
  process.stderr.write(`${text}\n`);
}
