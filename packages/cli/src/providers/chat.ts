/** `gantry providers chat`: talks to a model, once or as a conversation. Ctrl-C cancels the answer at the provider. */
import { createInterface } from "node:readline/promises";

import type { LocalClient } from "@gantry/client/node";
import { GantryError } from "@gantry/contract/errors";
import pc from "picocolors";

import { parseDuration } from "../output/duration.ts";
import { plain } from "../output/plain.ts";
import { printError } from "../output/print-error.ts";
import { printJson } from "../output/print-json.ts";
import { formatDuration } from "../output/units.ts";
import type { Verb } from "../verb.ts";
import { chatText } from "./chat-text.ts";
import { createValueWriter } from "./write-value.ts";

interface ChatOptions {
  system?: string;
  timeout: string;
  json?: boolean;
}

interface Message {
  role: "system" | "user" | "assistant";
  content: string;
}

interface Reply {
  content: string;
  provider: string;
  usage: Record<string, number> | undefined;
  firstTokenMs: number | undefined;
  durationMs: number;
}

export const verb: Verb = (command, context) => {
  command
    .argument("<model>", "the model's id; see: gantry providers models")
    .argument("[message...]", "what to say; without it a conversation begins, or standard input is read")
    .option("-s, --system <text>", "instructions before the first message")
    .option("-t, --timeout <duration>", "the budget of one answer", "10m")
    .option("--json", "print the answer and how long it took as JSON, when it is complete")
    .addHelpText(
      "after",
      "\nIn a conversation: /reset forgets it, /exit or Ctrl-D ends it, Ctrl-C ends an answer. Exit codes: 64 wrong names, 69 lost or offline,\n75 busy, 124 timed out, 130 cancelled.\n\nExamples:\n  gantry providers chat echo-1 hello there\n  gantry providers chat echo-1\n  git diff | gantry providers chat claude --system 'Write a commit message'",
    )
    .action(async (model: string, words: string[], { system, timeout, json = false }: ChatOptions) => {
      const timeoutMs = parseDuration(timeout, "--timeout");
      const { client } = await context.connect();
      const messages: Message[] = system === undefined ? [] : [{ role: "system", content: system }];
      const say = async (content: string) => {
        messages.push({ role: "user", content });
        const reply = await answer(client, { model, messages, timeoutMs }, json);
        messages.push({ role: "assistant", content: reply.content });
        if (json) printJson({ model, ...reply });
        else process.stderr.write(`${pc.dim(summary(reply))}\n`);
      };
      if (words.length > 0) await say(words.join(" "));
      else if (process.stdin.isTTY) await converse(model, messages, say);
      else await say(await readInput());
    });
};

/** Prints the answer as it comes, unless it is to be JSON. */
async function answer(
  client: LocalClient["client"],
  { model, messages, timeoutMs }: { model: string; messages: Message[]; timeoutMs: number },
  quiet: boolean,
): Promise<Reply> {
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  const writer = createValueWriter();
  const startedAt = performance.now();
  const elapsedMs = () => Math.round((performance.now() - startedAt) * 1000) / 1000;
  const reply: Reply = { content: "", provider: "", usage: undefined, firstTokenMs: undefined, durationMs: 0 };
  const take = async (texts: string[]) => {
    const text = texts.join("");
    if (text === "") return;
    reply.firstTokenMs ??= elapsedMs();
    reply.content += text;
    if (!quiet) await writer.chunks([text]);
  };
  try {
    const params = { model, messages, stream: true };
    for await (const event of client.providers.invokeAny.stream({ model, params, timeoutMs }, { signal: interrupted.signal })) {
      if (event.type === "start") reply.provider = `${event.provider}/${event.instance}`;
      else if (event.type === "chunks") await take(event.batch.map(chatText));
      else {
        // A provider that does not stream answers in its result.
        if (reply.content === "") await take([chatText(event.result)]);
        reply.usage = event.usage;
      }
    }
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    writer.end();
  }
  return { ...reply, durationMs: elapsedMs() };
}

async function converse(model: string, messages: Message[], say: (content: string) => Promise<void>): Promise<void> {
  const first = messages.length;
  process.stderr.write(`${pc.dim(`Talking to ${plain(model)}. /reset forgets, /exit or Ctrl-D ends, Ctrl-C ends an answer.`)}\n`);
  for (;;) {
    const line = await ask();
    if (line === undefined || line === "/exit") return;
    if (line === "/reset") messages.splice(first);
    if (line === "" || line === "/reset") continue;
    const before = messages.length;
    try {
      await say(line);
    } catch (error) {
      // One failed answer does not end the conversation; what was asked is forgotten with it.
      messages.splice(before);
      if (!(error instanceof GantryError)) throw error;
      printError(error);
    }
  }
}

/** One line; undefined at the end of input and on Ctrl-C. A reader of its own for each, so that Ctrl-C during an answer is a signal. */
async function ask(): Promise<string | undefined> {
  const reader = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<undefined>((resolve) => reader.once("close", () => resolve(undefined)));
  try {
    const line = await Promise.race([reader.question(pc.bold("> ")).catch(() => undefined), closed]);
    if (line === undefined) process.stderr.write("\n");
    return line?.trim();
  } finally {
    reader.close();
  }
}

function summary({ provider, usage = {}, firstTokenMs, durationMs }: Reply): string {
  const input = usage["prompt_tokens"] ?? usage["inputTokens"];
  const output = usage["completion_tokens"] ?? usage["outputTokens"];
  return [
    plain(provider),
    ...(firstTokenMs === undefined ? [] : [`first words after ${formatDuration(firstTokenMs)}`]),
    `${formatDuration(durationMs)} in all`,
    ...(input === undefined && output === undefined ? [] : [`${input ?? 0} tokens in, ${output ?? 0} out`]),
  ].join(", ");
}

async function readInput(): Promise<string> {
  let text = "";
  for await (const chunk of process.stdin.setEncoding("utf8")) text += chunk as string;
  if (text.trim() === "")
    throw new GantryError("invalidArgument", "There is nothing to say: give a message, or write it to standard input.");
  return text;
}
