/** One headless terminal: what the program has painted, and how to paint it again elsewhere. */
// Both are CommonJS bundles whose names Node cannot see from outside; the linter looks at the addon's other build.
// oxlint-disable-next-line import/default
import addonSerialize from "@xterm/addon-serialize";
import headless from "@xterm/headless";

import type { ScreenFormat, ScreenSignal } from "./interface.ts";
import { mendSerialized } from "./mend-serialized.ts";
import { trackScreenModes } from "./screen-modes.ts";
import { createTranscripts } from "./screen-transcript.ts";
import { watchScreen } from "./screen-watch.ts";
import type { ScreenSize } from "./screens.ts";

export interface ScreenEvents {
  /** The terminal's answer to a query of the program. */
  reply(bytes: string): void;
  title(text: string): void;
  /** Of a screen that is watched. */
  signal(signal: ScreenSignal): void;
  settled(): void;
}

export interface Screen {
  write(bytes: Uint8Array, done: () => void): void;
  resize(cols: number, rows: number): void;
  /** Escape sequences that bring a freshly reset terminal of the same size into the present state. */
  snapshot(scrollbackLines: number): string;
  show(format: ScreenFormat): string;
  mark(key: string): void;
  transcript(key: string): string;
  reset(): void;
  dispose(): void;
}

// A late joiner on a slow link must not wait for a long history: beyond this, fewer lines are sent.
const maxSnapshotChars = 128 * 1024;

// Programs ask for these to choose a theme; without an answer some wait a second or more.
const foreground = "rgb:d0d0/d0d0/d0d0";
const background = "rgb:1010/1010/1010";

export function createScreen({ cols, rows, scrollbackLines: scrollback, rules }: ScreenSize, events: ScreenEvents): Screen {
  const terminal = new headless.Terminal({ cols, rows, scrollback, allowProposedApi: true, logLevel: "off" });
  const serializer = new addonSerialize.SerializeAddon();
  terminal.loadAddon(serializer);
  const modes = trackScreenModes(terminal);
  const transcripts = createTranscripts(terminal);
  const watch = rules === undefined ? undefined : watchScreen(terminal, rules, events);
  terminal.onData((text) => events.reply(text));
  terminal.onTitleChange((text) => events.title(text));
  for (const [code, color] of [
    [10, foreground],
    [11, background],
    [12, foreground],
  ] as const) {
    terminal.parser.registerOscHandler(code, (data) => {
      if (data !== "?") return false;
      events.reply(`\u001b]${code};${color}\u001b\\`);
      return true;
    });
  }

  const serialize = (scrollbackLines: number): string => mendSerialized(serializer.serialize({ scrollback: scrollbackLines }));

  const lines = (): string => {
    const buffer = terminal.buffer.active;
    const text: string[] = [];
    for (let row = 0; row < terminal.rows; row += 1) text.push(buffer.getLine(buffer.baseY + row)?.translateToString(true) ?? "");
    while (text.at(-1) === "") text.pop();
    return text.length === 0 ? "" : `${text.join("\n")}\n`;
  };

  return {
    write: (bytes, done) =>
      terminal.write(bytes, () => {
        if (bytes.length > 0) watch?.painted();
        done();
      }),
    resize: (newCols, newRows) => terminal.resize(newCols, newRows),
    snapshot(scrollbackLines) {
      let content = serialize(scrollbackLines);
      for (let keep = scrollbackLines; content.length > maxSnapshotChars && keep > 0;) {
        keep = Math.min(keep >> 1, Math.floor((keep * maxSnapshotChars) / content.length));
        content = serialize(keep);
      }
      return content + modes.restore();
    },
    show(format) {
      if (format === "text") return lines();
      if (format === "html") return serializer.serializeAsHTML({ scrollback: 0 });
      return serialize(0) + modes.restore();
    },
    mark: (key) => transcripts.mark(key),
    transcript: (key) => transcripts.since(key),
    reset: () => terminal.reset(),
    dispose() {
      watch?.dispose();
      terminal.dispose();
    },
  };
}
