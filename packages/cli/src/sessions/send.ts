/** `gantry sessions send`: types a text into a session and presses Enter; an agent is given it as a prompt, when its turn is over. */
import { text as readAll } from "node:stream/consumers";

import type { AgentState, PromptResult, Session } from "@gantry/contract";
import { errorCodes, GantryError } from "@gantry/contract/errors";

import { parseDuration } from "../output/duration.ts";
import { plain } from "../output/plain.ts";
import { printJson } from "../output/print-json.ts";
import type { Verb } from "../verb.ts";

interface SendOptions {
  enter: boolean;
  now?: boolean;
  wait?: boolean;
  timeout?: string;
  json?: boolean;
}

export const verb: Verb = (command, context) => {
  command
    .argument("<session>", "its name or id")
    .argument("[words...]", "what to type; standard input when left out or -")
    .option("--no-enter", "do not press Enter")
    .option("--now", "type at once, even while an agent works")
    .option("-w, --wait", "return when the agent (or the shell) is idle again, and print what it printed")
    .option("-t, --timeout <time>", "with --wait: wait no longer than this, such as 90s or 10m; the prompt stands")
    .option("--json", "print the prompt and its outcome as JSON")
    .addHelpText(
      "after",
      "\nA text for an agent is a prompt: while the agent works it waits in order (see gantry sessions prompts). A question of the agent's is answered at once.\n\nExamples:\n  gantry sessions send build make test\n  git diff | gantry sessions send agent -\n  gantry sessions send --wait --timeout 10m agent 'Why does the test fail?'",
    )
    .action(async (id: string, words: string[], options: SendOptions) => {
      const { client, connection } = await context.connect();
      const fromInput = words.length === 0 || (words.length === 1 && words[0] === "-");
      const text = fromInput ? (await readAll(process.stdin)).replace(/\n$/, "") : words.join(" ");
      const { enter, now = false, wait = false, timeout, json = false } = options;
      if (wait && (now || !enter))
        throw new GantryError("invalidArgument", "--wait needs Enter and a prompt: leave out --now and --no-enter.");
      const session = (await client.sessions.get({ id })) as Session;
      if (!wait && (now || !enter || !waitsItsTurn(session))) {
        const typed = await client.sessions.send({ id, text, enter });
        if (json) printJson(typed);
        if (typed.error === null) return;
        const name = plain(session.name ?? session.sessionId);
        process.stderr.write(`gantry: ${typed.error}. It was typed once; look at it: gantry sessions screen ${name}\n`);
        context.exitWith(errorCodes.aborted.exitCode);
        return;
      }
      const input = { id, text, wait, ...(timeout === undefined ? {} : { timeoutMs: parseDuration(timeout, "--timeout") }) };
      const stopTelling = wait
        ? tellQuestions(async () => (await client.sessions.get({ id })).agent?.state, plain(session.name ?? id))
        : undefined;
      const prompt = (await connection.call("sessions.submitPrompt", input).finally(stopTelling)) as PromptResult;
      if (json) printJson(prompt);
      else if (prompt.output !== null) process.stdout.write(plain(prompt.output));
      const label = plain(session.name ?? session.sessionId);
      if (prompt.timedOut) {
        process.stderr.write(`gantry: ${label} is still ${prompt.agentState}; the prompt stands: gantry sessions prompts ${label}\n`);
        context.exitWith(errorCodes.deadlineExceeded.exitCode);
      } else if (prompt.state === "failed" || prompt.state === "cancelled") {
        process.stderr.write(`gantry: the prompt is ${prompt.state}: ${plain(prompt.error ?? "taken out of the queue")}\n`);
        context.exitWith(prompt.state === "failed" ? errorCodes.aborted.exitCode : errorCodes.cancelled.exitCode);
      } else if (prompt.state === "queued") {
        process.stderr.write(`gantry: ${label} is ${prompt.agentState}; the prompt waits: gantry sessions prompts ${label}\n`);
      }
    });
};

/** What an agent asks is answered at once; what it is told waits for the end of its turn, and behind what waits already. */
function waitsItsTurn({ agent, queuedPrompts }: Session): boolean {
  if (agent?.kind !== "agent") return false;
  return queuedPrompts > 0 || ["starting", "working", "idle"].includes(agent.state);
}

const lookEveryMs = 1000;

/** Says once for each question that the agent waits for somebody, who may not be looking at it. Returns what ends it. */
function tellQuestions(look: () => Promise<AgentState | undefined>, label: string): () => void {
  let told: AgentState | undefined;
  const timer = setInterval(() => {
    look().then(
      (state) => {
        if (state !== told && (state === "waitingPermission" || state === "waitingInput"))
          process.stderr.write(`gantry: ${label} asks for ${state === "waitingInput" ? "input" : "permission"}: gantry attach ${label}\n`);
        told = state;
      },
      // The call that waits tells what is wrong.
      () => undefined,
    );
  }, lookEveryMs);
  return () => clearInterval(timer);
}
