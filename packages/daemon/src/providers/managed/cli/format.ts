/** What a headless AI CLI may say, whichever it is, and how each one is started and read. */
import type { Usage } from "@gantry/contract";

export type CliEvent =
  | { type: "text"; text: string }
  | { type: "thought"; text: string }
  /** The CLI uses a tool by itself; nobody else is to run it. */
  | { type: "tool"; id: string; name: string; input: unknown }
  | { type: "toolResult"; id: string; isError: boolean; output: unknown }
  | { type: "usage"; usage: Usage }
  | { type: "done"; finishReason: string; text?: string | undefined; usage?: Usage | undefined }
  | { type: "failed"; message: string };

export interface CliFormat {
  /** Also the name of its program and of its default model. */
  name: string;
  /** Arguments for one headless turn whose prompt comes on standard input. */
  args(model: string | undefined): string[];
  /** A reader for the lines of one turn; what it does not know says nothing. */
  createReader(): (line: Fields) => CliEvent[];
}

export type Fields = Record<string, unknown>;

export function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

export function list(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fields) : [];
}

export function text(value: unknown): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}

/** The numbers among the given fields, under our names. */
export function usageFrom(source: unknown, names: Record<string, string>): Usage {
  const given = fields(source);
  return Object.fromEntries(
    Object.entries(names).flatMap(([own, theirs]) => (typeof given[theirs] === "number" ? [[own, given[theirs]]] : [])),
  );
}
