/** Reads asciicasts, v2 and v3 (https://docs.asciinema.org/manual/asciicast/v3/), as one list of events with distances in time. */
import { GantryError } from "./errors.ts";

export interface Cast {
  cols: number;
  rows: number;
  events: CastEvent[];
}

export interface CastEvent {
  /** Since the event before. */
  afterMs: number;
  /** o output, i input, r resize, m marker, x exit. */
  code: string;
  data: string;
}

export function parseCast(text: string): Cast {
  const lines = text.split("\n");
  const header = parseLine(lines[0] ?? "") as {
    version?: unknown;
    term?: { cols?: unknown; rows?: unknown };
    width?: unknown;
    height?: unknown;
  };
  const version = header?.version;
  if (version !== 2 && version !== 3) {
    throw new GantryError("invalidArgument", "This is no asciicast of version 2 or 3: its first line is no such header.");
  }
  const cols = Number(version === 3 ? header.term?.cols : header.width);
  const rows = Number(version === 3 ? header.term?.rows : header.height);
  if (!(cols > 0 && rows > 0)) throw new GantryError("invalidArgument", "The asciicast's header does not tell the terminal's size.");
  const events: CastEvent[] = [];
  let beforeMs = 0;
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === "" || line.startsWith("#")) continue;
    const entry = parseLine(line);
    // Recordings that were cut off end in half a line.
    if (entry === undefined && index >= lines.length - 2) break;
    const [seconds, code, data] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof seconds !== "number" || typeof code !== "string" || typeof data !== "string") {
      throw new GantryError("invalidArgument", `Line ${index + 1} of the asciicast is no event.`);
    }
    const afterMs = version === 3 ? seconds * 1000 : seconds * 1000 - beforeMs;
    beforeMs = seconds * 1000;
    events.push({ afterMs: Math.max(0, afterMs), code, data });
  }
  return { cols, rows, events };
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
