/** Reads a recording and writes it in another form; the slow forms run in a thread of their own. */
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { parentPort, Worker } from "node:worker_threads";

// oxlint-disable-next-line import/default -- a CommonJS bundle, see screen.ts
import addonSerialize from "@xterm/addon-serialize";
import headless from "@xterm/headless";

export type RecordingFormat = "cast3" | "cast2" | "text" | "html";

export interface RenderTask {
  file: string;
  format: "text" | "html";
}

type CastEvent = [seconds: number, code: string, data: string];

interface CastHeader {
  version: 3;
  term: { cols: number; rows: number };
  timestamp: number;
  title?: string;
  command: string;
}

/** More than a person would read; the size limit of a recording holds before. */
const maxLines = 200_000;

/** `entry` is the process host's, which is also that of its threads. */
export async function renderRecording(entry: string, file: string, format: RecordingFormat): Promise<string> {
  if (format === "cast3") return wholeLines(await readFile(file, "utf8"));
  if (format === "cast2") return toVersion2(file);
  const worker = new Worker(entry, { workerData: { render: { file, format } satisfies RenderTask }, stdout: false });
  try {
    return await new Promise<string>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
  } finally {
    await worker.terminate();
  }
}

/** A recording that goes on may end in half a line. */
function wholeLines(text: string): string {
  return text.slice(0, text.lastIndexOf("\n") + 1);
}

async function* readCast(file: string): AsyncGenerator<CastHeader | CastEvent> {
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
  for await (const line of lines) {
    try {
      yield JSON.parse(line) as CastHeader | CastEvent;
    } catch {
      // The line that is being written.
      return;
    }
  }
}

/** https://docs.asciinema.org/manual/asciicast/v2/: times from the start, and no exit status. */
async function toVersion2(file: string): Promise<string> {
  const lines: string[] = [];
  let milliseconds = 0;
  for await (const entry of readCast(file)) {
    if (!Array.isArray(entry)) {
      const { term, timestamp, title, command } = entry;
      const env = { TERM: "xterm-256color" };
      lines.push(
        JSON.stringify({
          version: 2,
          width: term.cols,
          height: term.rows,
          timestamp,
          ...(title === undefined ? {} : { title }),
          command,
          env,
        }),
      );
      continue;
    }
    const [seconds, code, data] = entry;
    milliseconds += Math.round(seconds * 1000);
    if (code !== "x") lines.push(JSON.stringify([milliseconds / 1000, code, data]));
  }
  return `${lines.join("\n")}\n`;
}

export async function runRenderWorker({ file, format }: RenderTask): Promise<void> {
  let terminal = new headless.Terminal({ allowProposedApi: true, scrollback: maxLines, logLevel: "off" });
  const serializer = new addonSerialize.SerializeAddon();
  for await (const entry of readCast(file)) {
    if (!Array.isArray(entry)) {
      const { cols, rows } = entry.term;
      terminal.dispose();
      terminal = new headless.Terminal({ cols, rows, allowProposedApi: true, scrollback: maxLines, logLevel: "off" });
      terminal.loadAddon(serializer);
      continue;
    }
    const [, code, data] = entry;
    if (code === "o") await new Promise<void>((resolve) => terminal.write(data, resolve));
    const [, cols, rows] = (code === "r" ? /^(\d+)x(\d+)$/.exec(data) : null) ?? [];
    if (cols !== undefined) terminal.resize(Number(cols), Number(rows));
  }
  parentPort?.postMessage(format === "html" ? serializer.serializeAsHTML({ scrollback: maxLines }) : textOf(terminal));
}

function textOf(terminal: InstanceType<typeof headless.Terminal>): string {
  const { normal } = terminal.buffer;
  let text = "";
  for (let row = 0; row < normal.length; row += 1) {
    const line = normal.getLine(row);
    if (row > 0 && line?.isWrapped !== true) text += "\n";
    text += line?.translateToString(true) ?? "";
  }
  return `${text.trimEnd()}\n`;
}
