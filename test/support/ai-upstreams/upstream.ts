/** A local server that stands in for a maker of models: real AI CLIs have turns with it, as slowly as a test wants. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface AiUpstream extends AsyncDisposable {
  url: string;
  /** From now on answers stop in their middle … */
  hold(): void;
  /** … until then. */
  release(): void;
  /** Prompts and tools' outputs that turns were asked about, in order. */
  heard: string[];
}

/** What a CLI asks about, whatever the form. */
export interface Question {
  /** The last thing that the user said, or that a tool printed. */
  last: string;
  isToolOutput: boolean;
  /** Without any it is not a turn but something that the CLI wants for itself, such as a title. */
  hasTools: boolean;
}

export interface CommandReply {
  command: string;
  /** The CLI is to ask for it. */
  mustAsk: boolean;
}

export type Reply = { text: [first: string, rest: string] } | CommandReply | { status: number; message: string };

export interface Conversation {
  replyTo(question: Question): Reply;
  /** Resolves when answers may go on. */
  released(): Promise<void>;
}

export type Answer = (
  path: string,
  body: Record<string, unknown>,
  response: ServerResponse,
  conversation: Conversation,
) => Promise<void> | void;

/** Prompts: `run: <command>` and `ask: <command>` are answered by a call of the shell, `status <code>` by a refusal, anything else by itself in capitals. */
export async function startUpstream(answer: Answer): Promise<AiUpstream> {
  let gate: { opened: Promise<void>; open(): void } | undefined;
  const heard: string[] = [];
  const conversation: Conversation = {
    replyTo({ last, isToolOutput, hasTools }) {
      if (!hasTools) return { text: ["a", " title"] };
      heard.push(last);
      if (isToolOutput) return { text: ["The command ", `printed ${JSON.stringify(last.trim())}`] };
      const [, how, command] = /(run|ask): (.+)/.exec(last) ?? [];
      if (command !== undefined) return { command, mustAsk: how === "ask" };
      const status = /status (\d{3})/.exec(last)?.[1];
      if (status !== undefined) return { status: Number(status), message: `the upstream says ${status}` };
      const loud = last.trim().toUpperCase();
      return { text: [loud.slice(0, loud.length / 2), loud.slice(loud.length / 2)] };
    },
    released: () => gate?.opened ?? Promise.resolve(),
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const path = request.url ?? "";
    if (request.method !== "POST") response.writeHead(404, { "content-type": "application/json" }).end("{}");
    else await answer(path, JSON.parse(body) as Record<string, unknown>, response, conversation);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const release = (): void => {
    gate?.open();
    gate = undefined;
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hold() {
      if (gate !== undefined) return;
      const { promise: opened, resolve: open } = Promise.withResolvers<void>();
      gate = { opened, open };
    },
    release,
    heard,
    async [Symbol.asyncDispose]() {
      release();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Server-sent events, each with its type as its name too when `named`. */
export function eventStream(response: ServerResponse, named: boolean): (data: object) => void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  return (data) => {
    const name = named ? `event: ${(data as { type: string }).type}\n` : "";
    response.write(`${name}data: ${JSON.stringify(data)}\n\n`);
  };
}

export function sendJson(response: ServerResponse, status: number, data: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(data));
}
