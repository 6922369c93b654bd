/** The type `cli`: an AI CLI in its headless JSON mode, so that `claude`, `codex`, or `gemini` is a model. One call is one run of the program. */
import { basename } from "node:path";

import { GantryError, providerPayloadLimitBytes, type Usage } from "@gantry/contract";

import { type ChildProgram, startProgram } from "../child-program.ts";
import type { InstanceContext, StartInstance } from "../kind.ts";
import { createLineRing } from "../line-ring.ts";
import type { LocalAnswer, LocalCall, LocalDocument } from "../local-link.ts";
import type { ProgramRecords } from "../program-records.ts";
import { claude } from "./claude.ts";
import { codex } from "./codex.ts";
import { type CliEvent, type CliFormat, fields, type Fields } from "./format.ts";
import { gemini } from "./gemini.ts";
import { promptOf } from "./prompt.ts";

const formats = [claude, codex, gemini];
/** An agent's turn with tools. */
const defaultTimeoutMs = 900_000;
/** Each call is a program of hundreds of megabytes. */
const defaultConcurrency = 4;

export function createCliKind(records: ProgramRecords): StartInstance {
  return async (context) => {
    const format = formatOf(context);
    const running = new Set<ChildProgram>();
    const start = async (args: string[], signal: AbortSignal) => {
      const stderr = createLineRing();
      const { provider } = context;
      const settings = {
        ...provider.settings,
        command: provider.settings.command ?? format.name,
        args: [...provider.settings.args, ...args],
      };
      const program = await startProgram(
        { ...context, provider: { ...provider, settings }, signal, stderr, notePid: () => undefined },
        records,
      );
      running.add(program);
      const end = async () => {
        await program.end();
        running.delete(program);
      };
      return { program, stderr, end };
    };
    const version = await versionOf(start, context.signal);
    let settle: (reason: string) => void = () => undefined;
    const ended = new Promise<string>((resolve) => (settle = resolve));
    const joined = context.join(documentOf(context, format, version), {
      invoke: (call) => runTurn(call, format, start),
      async health() {
        return { status: "ok", detail: await versionOf(start, AbortSignal.timeout(10_000)) };
      },
      gone: settle,
    });
    return {
      ended,
      async stop(reason) {
        joined.leave(reason);
        await Promise.all([...running].map((program) => program.end()));
      },
    };
  };
}

type Start = (
  args: string[],
  signal: AbortSignal,
) => Promise<{ program: ChildProgram; stderr: ReturnType<typeof createLineRing>; end(): Promise<void> }>;

function formatOf({ provider: { name, settings } }: InstanceContext): CliFormat {
  const command = basename(settings.command ?? "").replace(/\.[a-z]+$/, "");
  const found =
    formats.find((format) => format.name === command) ??
    formats.find((format) => name === format.name || name.startsWith(`${format.name}-`));
  if (found) return found;
  const known = formats.map((format) => format.name).join(", ");
  throw new GantryError(
    "configurationInvalid",
    `[provider.${name}]: which AI CLI this is cannot be told from its name or command. Name it after one of: ${known}.`,
  );
}

/** Also shows before the first call that the program is there. */
async function versionOf(start: Start, signal: AbortSignal): Promise<string> {
  const { program, stderr, end } = await start(["--version"], signal);
  const stop = () => void end();
  signal.addEventListener("abort", stop);
  try {
    program.stdin.end();
    let printed = "";
    for await (const part of program.stdout.setEncoding("utf8")) if (printed.length < 1_000) printed += part as string;
    const exit = await program.exited;
    if (exit !== "it exited with code 0") throw new Error(`--version: ${exit}${lastWords(stderr.lines())}`);
    return printed.trim().split("\n")[0]?.slice(0, 100) ?? "";
  } finally {
    signal.removeEventListener("abort", stop);
    await end();
  }
}

function documentOf({ provider: { settings } }: InstanceContext, format: CliFormat, version: string): LocalDocument {
  const models = settings.models.length > 0 ? settings.models : [format.name];
  return {
    kind: "llm",
    version,
    description: settings.description ?? `The AI CLI ${format.name}, run headless for each call`,
    models: models.map((id) => ({ id })),
    capabilities: ["chat"],
    methods: [
      {
        name: "chat",
        stream: true,
        description: "OpenAI's chat completions as one turn of the CLI; what it does with its tools comes as agent_event",
        // An agent may change files: it is never run a second time by itself.
        idempotent: false,
        timeoutMs: settings.timeoutMs ?? defaultTimeoutMs,
      },
    ],
    capacity: { concurrency: settings.concurrency ?? defaultConcurrency, weight: 1 },
  };
}

async function runTurn(call: LocalCall, format: CliFormat, start: Start): Promise<LocalAnswer> {
  const prompt = promptOf(call.params);
  const asked = fields(call.params)["model"];
  const model = typeof asked === "string" && asked !== format.name ? asked : undefined;
  const { program, stderr, end } = await start(format.args(model), call.signal);
  // The tree dies with the call, whatever it is doing.
  const stop = () => void end();
  call.signal.addEventListener("abort", stop);
  try {
    program.stdin.end(prompt);
    const turn = createTurn(call);
    const read = format.createReader();
    for await (const line of linesOf(program.stdout)) {
      for (const event of read(line)) await turn.take(event);
    }
    call.signal.throwIfAborted();
    const exit = await program.exited;
    // Awaited here: while the program is being ended, nobody else would hear of a failure.
    return await turn.finish(`${exit}${lastWords(stderr.lines())}`);
  } finally {
    call.signal.removeEventListener("abort", stop);
    await end();
  }
}

/** Sends what the CLI says as deltas of a chat and keeps what ends it. */
function createTurn(call: LocalCall) {
  let done: (CliEvent & { type: "done" }) | undefined;
  let failure: string | undefined;
  let usage: Usage | undefined;
  let hasText = false;
  return {
    async take(event: CliEvent): Promise<void> {
      switch (event.type) {
        case "text":
          hasText ||= event.text !== "";
          if (event.text !== "") await call.send({ content: event.text });
          break;
        case "thought":
          await call.send({ reasoning_content: event.text });
          break;
        case "tool":
        case "toolResult": {
          await call.send({ agent_event: event });
          break;
        }
        case "usage":
          usage = event.usage;
          break;
        case "done":
          done = event;
          usage = event.usage ?? usage;
          // A later end overrules an error on the way that the CLI recovered from.
          failure = undefined;
          break;
        case "failed":
          failure = event.message;
      }
    },
    async finish(exit: string): Promise<LocalAnswer> {
      if (failure !== undefined) throw failed(failure);
      if (done === undefined) {
        // Some say only on standard error that they are not signed in.
        const known = failed(exit);
        if (known.code !== "internal") throw known;
        throw new GantryError("aborted", `The CLI ended before its answer did: ${exit}.`, { details: { mayHaveExecuted: true } });
      }
      if (!hasText && done.text !== undefined && done.text !== "") await call.send({ content: done.text });
      return { data: { finish_reason: done.finishReason }, usage };
    },
  };
}

/** The CLIs say in words what others say with a status. */
function failed(message: string): GantryError {
  const says = (pattern: RegExp) => pattern.test(message);
  if (says(/log ?in|sign ?in|api[ _]key|auth method|unauthori[sz]ed|authenticat|\b401\b/i))
    return new GantryError("unauthenticated", `${message} (sign in to the CLI in a terminal first)`);
  if (says(/rate limit|usage limit|quota|overloaded|too many requests|\b429\b/i)) return new GantryError("resourceExhausted", message);
  return new GantryError("internal", message === "" ? "The CLI failed without a message." : message);
}

function lastWords(lines: string[]): string {
  const words = lines.slice(-3).join(" | ");
  return words === "" ? "" : ` (${words})`;
}

/** JSON objects, one a line. Anything else on standard output is a CLI's greeting or warning and says nothing. */
async function* linesOf(stdout: NodeJS.ReadableStream): AsyncGenerator<Fields> {
  let rest = "";
  for await (const part of stdout.setEncoding("utf8")) {
    const lines = (rest + (part as string)).split("\n");
    rest = lines.pop() as string;
    if (rest.length > providerPayloadLimitBytes)
      throw new GantryError("internal", `The CLI wrote a line of more than ${providerPayloadLimitBytes} characters.`);
    for (const line of lines) yield* parseLine(line);
  }
  yield* parseLine(rest);
}

function parseLine(line: string): Fields[] {
  if (!line.startsWith("{")) return [];
  try {
    return [fields(JSON.parse(line))];
  } catch {
    return [];
  }
}
