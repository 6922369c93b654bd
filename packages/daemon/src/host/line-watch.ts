/** Reads from a program between pipes what it is doing: the types of the JSON objects that it prints, one a line. */
import type { ScreenSignal, WatchedState } from "./interface.ts";

export interface LineWatch {
  /** Standard output, cut anywhere. */
  push(bytes: Uint8Array): void;
}

/** Agents put whole files into a line. What is longer says nothing. */
const maxLineBytes = 8 * 1024 * 1024;
const newline = 0x0a;

/** `states`: by a line's `type`, or by `type.subtype`, which counts more. */
export function watchLines(states: Readonly<Record<string, WatchedState>>, signal: (signal: ScreenSignal) => void): LineWatch {
  const known = new Map(Object.entries(states));
  let pieces: Uint8Array[] = [];
  let held = 0;
  let told: ScreenSignal["state"] | undefined;

  const tell = (state: ScreenSignal["state"], detail: string): void => {
    // Each end of a turn is news, also after a turn that printed nothing else.
    if (state === told && state !== "idle") return;
    told = state;
    signal({ source: "stream", state, detail, timeMs: Date.now() });
  };
  const read = (line: Buffer): void => {
    if (line.length === 0) return;
    const name = typeOf(line);
    const found = name?.find((one) => known.has(one));
    if (found !== undefined) tell(known.get(found) as WatchedState, found);
    // It may be a greeting; after that, or in another mode, its lines say nothing.
    else if (name === undefined && told === undefined) tell("unknown", "its lines are no JSON");
  };
  return {
    push(bytes) {
      let from = 0;
      for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, from)) {
        const last = bytes.subarray(from, end);
        if (held + last.length <= maxLineBytes) read(held === 0 ? Buffer.from(last) : Buffer.concat([...pieces, last]));
        pieces = [];
        held = 0;
        from = end + 1;
      }
      const rest = bytes.subarray(from);
      held += rest.length;
      if (held <= maxLineBytes) pieces.push(Uint8Array.from(rest));
      else pieces = [];
    },
  };
}

/** `type.subtype` and `type`; undefined when it is no JSON object with a type. */
function typeOf(line: Buffer): string[] | undefined {
  if (line[0] !== 0x7b) return undefined;
  try {
    const { type, subtype } = JSON.parse(line.toString()) as { type?: unknown; subtype?: unknown };
    return typeof type === "string" ? [`${type}.${String(subtype)}`, type] : undefined;
  } catch {
    return undefined;
  }
}
