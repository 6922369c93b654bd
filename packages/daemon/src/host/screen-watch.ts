/** Reads from one screen what its program is doing: its own announcements, its title, and rules about what it shows. */
import type { Terminal } from "@xterm/headless";

import { compilePattern } from "../core/pattern.ts";
import type { ScreenRule, ScreenSignal } from "./interface.ts";

export interface ScreenWatchEvents {
  signal(signal: ScreenSignal): void;
  /** Nothing was painted for a moment. */
  settled(): void;
}

export interface WatchedScreen {
  /** Output has been parsed. */
  painted(): void;
  dispose(): void;
}

/** A screen is settled when nothing was painted for this long: repaints of one frame come closer together. */
const quietMs = 100;
/** Spinners never settle: such a screen is looked at this often, and believed when two looks agree. */
const busyLookMs = 400;
const bottomLines = 12;

export function watchScreen(terminal: Terminal, rules: readonly ScreenRule[], events: ScreenWatchEvents): WatchedScreen {
  const compiled = rules.map((rule) => ({ ...rule, pattern: compilePattern(rule.match) }));
  let quiet: NodeJS.Timeout | undefined;
  let busySinceMs: number | undefined;
  let before: string | undefined;
  let told: string | undefined;
  let titled = false;

  const tell = (source: ScreenSignal["source"], state: ScreenSignal["state"], detail: string): void =>
    events.signal({ source, state, detail: detail.slice(0, 200), timeMs: Date.now() });

  const linesOf = (): string[] => {
    const { active } = terminal.buffer;
    const lines: string[] = [];
    for (let row = 0; row < terminal.rows; row += 1) lines.push(active.getLine(active.baseY + row)?.translateToString(true) ?? "");
    return lines;
  };
  const look = (settled: boolean): void => {
    const lines = linesOf();
    const screen = lines.join("\n");
    const bottom = lines
      .filter((line) => line.trim() !== "")
      .slice(-bottomLines)
      .join("\n");
    const rule = compiled.find((one) => one.in !== "title" && one.pattern.matcher(one.in === "screen" ? screen : bottom).find());
    const found = rule?.match;
    // Between two frames of a spinner the screen may show neither.
    const agreed = settled || found === before;
    before = found;
    if (!agreed) return;
    // Told again when it has settled: whoever typed meanwhile learns that this is still so.
    if (rule !== undefined && (settled || told !== found)) {
      told = found;
      tell("screen", rule.state, rule.match);
    } else if (settled && told === undefined) tell("screen", "unknown", "no rule matches");
  };
  const settle = (): void => {
    quiet = undefined;
    busySinceMs = undefined;
    look(true);
    events.settled();
  };

  terminal.onTitleChange((title) => {
    const rule = compiled.find((one) => one.in === "title" && one.pattern.matcher(title).find());
    // A title that says nothing takes back what the one before it said.
    if (rule !== undefined) tell("title", rule.state, rule.match);
    else if (titled) tell("title", "unknown", "no rule matches");
    titled = rule !== undefined;
  });
  terminal.parser.registerOscHandler(9, (data) => {
    const progress = /^4;(\d)/.exec(data)?.[1];
    if (progress !== undefined) tell("osc", progress === "0" ? "idle" : "working", `9;4;${progress}`);
    else notice(data);
    return false;
  });
  terminal.parser.registerOscHandler(133, (data) => {
    if (data.startsWith("A") || data.startsWith("B")) tell("osc", "idle", `133;${data[0]}`);
    else if (data.startsWith("C")) tell("osc", "working", "133;C");
    return false;
  });
  terminal.parser.registerOscHandler(777, (data) => {
    if (data.startsWith("notify;")) notice(data.slice("notify;".length));
    return false;
  });
  /** Programs call the user when they ask for something, and when they are done. */
  const notice = (text: string): void => {
    const asks = /permission|approv|allow|confirm/i.test(text.slice(0, 1000));
    // oxlint-disable-next-line no-control-regex -- a program's words reach lists and terminals
    tell("osc", asks ? "waitingPermission" : "idle", `notice: ${text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, " ")}`);
  };

  return {
    painted() {
      const nowMs = Date.now();
      busySinceMs ??= nowMs;
      if (nowMs - busySinceMs >= busyLookMs) {
        busySinceMs = nowMs;
        look(false);
      }
      if (quiet === undefined) quiet = setTimeout(settle, quietMs);
      else quiet.refresh();
    },
    dispose: () => clearTimeout(quiet),
  };
}
