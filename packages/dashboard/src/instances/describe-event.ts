/** Says in a few words what an event is about. Only names and numbers: all of it is shown as text. */
import type { EventEnvelope } from "@gantry/contract";

import { formatDuration, shorten } from "../app/parts/format.ts";

export function describeEvent({ type, data }: EventEnvelope): string {
  const facts = (data ?? {}) as Record<string, unknown>;
  const text = (name: string) => (typeof facts[name] === "string" || typeof facts[name] === "number" ? String(facts[name]) : "");
  const took = typeof facts["durationMs"] === "number" ? `, ${formatDuration(facts["durationMs"])}` : "";
  switch (type.split(".")[0]) {
    case "execution":
      return `${text("command")}${type === "execution.ended" ? ` ${text("state")}${took}` : ""}`;
    case "queue":
      return text("name");
    case "schedule":
      return `${text("name")} ${text("change") || text("state")}`;
    case "batch":
      return `${text("name") || shorten(text("batchId"))} ${text("state")}`;
    case "session":
      return `${text("name") || shorten(text("sessionId"))} ${text("title") || text("state")}`.trim();
    case "provider":
      return `${text("name")} ${text("instance")}${text("reason") === "" ? "" : `: ${text("reason")}`}`;
    case "call":
      return `${text("provider")}.${text("method")} ${text("outcome")}${took}`;
    default:
      return text("instance");
  }
}
