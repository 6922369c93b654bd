/** The CLI's ways to talk to models and to begin a provider. */
import { once } from "node:events";
import { mkdir, readFile, symlink } from "node:fs/promises";
import { join } from "node:path";

import { createProvider, defineMethod, type Provider, ProviderError } from "@gantry/client/provider";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { repository, startTestDaemon, type TestDaemon } from "../support/daemon.ts";
import { need, pythonSocketIo, tmux } from "../support/not-run.ts";
import { startTmux } from "../support/tmux.ts";
import { until } from "../support/until.ts";

let daemon: TestDaemon;
let provider: Provider;
let aborted = 0;
const asked: unknown[] = [];

beforeAll(async () => {
  daemon = await startTestDaemon();
  provider = createProvider({
    name: "house",
    models: [{ id: "talker" }],
    capabilities: ["chat"],
    methods: {
      chat: defineMethod({
        async *stream(params: unknown, { signal, reportUsage }) {
          const { messages } = params as { messages: { content: string }[] };
          asked.push(messages);
          const last = messages.at(-1)?.content ?? "";
          if (last === "busy") throw new ProviderError("RESOURCE_EXHAUSTED", "come back later");
          yield { content: "You said " };
          if (last === "wait") {
            await new Promise((_resolve, reject) => {
              signal.addEventListener("abort", () => {
                aborted += 1;
                reject(signal.reason as Error);
              });
            });
          }
          yield { choices: [{ delta: { content: `${last}.` } }] };
          reportUsage({ prompt_tokens: messages.length, completion_tokens: 3 });
          return {};
        },
      }),
    },
  });
  await provider.connect({ url: daemon.url, key: daemon.key, instance: "one", handleSignals: false, onState: () => undefined });
});
afterAll(async () => {
  await provider.close();
  await daemon[Symbol.asyncDispose]();
});

describe("chat", () => {
  test("answers one message, with how long it took on stderr only", async () => {
    const answer = await daemon.cli(["providers", "chat", "talker", "hello", "there", "--system", "be kind"]);
    expect(answer).toMatchObject({ stdout: "You said hello there.\n", exitCode: 0 });
    expect(answer.stderr).toMatch(/house\/one, first words after \d.*in all, 2 tokens in, 3 out/);
    expect(asked.at(-1)).toEqual([
      { role: "system", content: "be kind" },
      { role: "user", content: "hello there" },
    ]);
    const piped = await daemon.cli(["providers", "chat", "talker", "--json"], { stdin: "from a pipe" });
    expect(JSON.parse(piped.stdout)).toMatchObject({
      model: "talker",
      provider: "house/one",
      content: "You said from a pipe.",
      usage: { completion_tokens: 3 },
    });
  });

  test("fails with the true exit code, and Ctrl-C cancels at the provider", async () => {
    expect(await daemon.cli(["providers", "chat", "talker", "busy"])).toMatchObject({ stdout: "", exitCode: 75 });
    expect(await daemon.cli(["providers", "chat", "walker", "x"])).toMatchObject({
      exitCode: 64,
      stderr: expect.stringContaining("talker"),
    });
    const cli = daemon.spawnCli(["providers", "chat", "talker", "wait"]);
    await once(cli.stdout as NodeJS.ReadableStream, "data");
    cli.kill("SIGINT");
    expect(await once(cli, "exit")).toEqual([130, null]);
    await until("the provider to hear of it", () => aborted === 1);
  });

  test("is a conversation in a terminal, which outlives a cancelled answer", async (context) => {
    need(context, tmux);
    const gantry = join(repository, "packages/cli/bin/gantry.js");
    using terminal = startTmux(daemon.folder, ["bash", "--norc", "--noprofile"], daemon.env);
    const say = (words: string) => {
      terminal.type(words);
      terminal.keys("Enter");
    };
    say(`${process.execPath} ${gantry} providers chat talker; echo left with $?`);
    await terminal.shows("Talking to talker");
    say("one");
    await terminal.shows("You said one.");
    await terminal.shows("in all");
    say("wait");
    await until("the answer to begin", () => JSON.stringify(asked.at(-1)).includes("wait"));
    terminal.keys("C-c");
    await until("the provider to hear of it", () => aborted === 2);
    await terminal.shows("was cancelled");
    say("two");
    await terminal.shows("You said two.");
    expect(asked.at(-1)).toMatchObject([{ content: "one" }, { content: "You said one." }, { content: "two" }]);
    say("/exit");
    await terminal.shows("left with 0");
  });
});

describe("template", () => {
  test("in TypeScript runs as it is, and never writes over a file", async () => {
    expect(await daemon.cli(["providers", "template", "--lang", "ts", "--name", "starter-ts"])).toMatchObject({ stdout: "", exitCode: 0 });
    expect(await daemon.cli(["providers", "template", "--lang", "ts"])).toMatchObject({
      exitCode: 64,
      stderr: expect.stringContaining("not touched"),
    });
    // What `npm install` would put beside it.
    await mkdir(join(daemon.folder, "node_modules/@gantry"), { recursive: true });
    await symlink(join(repository, "packages/client"), join(daemon.folder, "node_modules/@gantry/client"));
    await symlink(join(repository, "node_modules/zod"), join(daemon.folder, "node_modules/zod"));
    await runs("starter-ts", process.execPath, ["provider.ts"]);
  });

  test("in Python runs as it is", async (context) => {
    const python = need(context, pythonSocketIo);
    const written = await daemon.cli(["providers", "template", "--lang", "python", "starter.py", "--name", "starter-py"]);
    expect(written).toMatchObject({ stdout: "", exitCode: 0 });
    await runs("starter-py", python, ["starter.py"]);
  });

  test("is printed on request, and an unknown language is refused", async () => {
    const printed = await daemon.cli(["providers", "template", "-", "--lang", "python", "--name", "x"]);
    expect(printed.stdout).toContain("def connect():");
    expect(await daemon.cli(["providers", "template", "--lang", "cobol"])).toMatchObject({
      exitCode: 64,
      stderr: expect.stringContaining("ts, python"),
    });
    expect(await readFile(join(daemon.folder, "provider.ts"), "utf8")).toContain("starter-ts");
  });
});

async function runs(name: string, program: string, args: string[]): Promise<void> {
  const child = daemon.spawnProgram(program, args, { env: { GANTRY_URL: daemon.url, GANTRY_KEY: daemon.key } });
  const greet = () => daemon.client.providers.invoke({ name, method: "greet", params: { name: "Ada" } });
  expect(await until("the starter to register", greet)).toMatchObject({ result: "Hello, Ada!" });
  expect(await daemon.client.providers.invoke({ name, method: "countdown", params: {} })).toMatchObject({
    chunks: [3, 2, 1],
    result: "done",
  });
  child.kill("SIGTERM");
  await once(child, "exit");
}
