/** Says a conversation in the words of one prompt: a headless CLI takes nothing else. */
import { GantryError } from "@gantry/contract";

import { fields, list } from "./format.ts";

/** Throws invalidArgument for what a CLI cannot be given. */
export function promptOf(params: unknown): string {
  const { messages, tools } = fields(params);
  if (Array.isArray(tools) && tools.length > 0) {
    throw new GantryError(
      "invalidArgument",
      "tools: this model is an AI CLI, which runs its own tools and cannot be given others. Nothing was started.",
    );
  }
  const turns = list(messages).map(({ role, content }, index) => ({
    role: String(role),
    text: textOf(content, `messages[${index}].content`),
  }));
  const [only] = turns;
  if (only === undefined) throw new GantryError("invalidArgument", "messages must hold at least one message. Nothing was started.");
  if (turns.length === 1) return only.text;
  return turns.map(({ role, text }) => `${heads[role] ?? role}: ${text}`).join("\n\n");
}

const heads: Record<string, string> = {
  system: "Instructions",
  developer: "Instructions",
  user: "User",
  assistant: "You answered",
  tool: "Tool result",
};

function textOf(content: unknown, where: string): string {
  if (typeof content === "string") return content;
  if (content === null || content === undefined) return "";
  return list(content)
    .map(({ type, text }) => {
      if (type === "text" && typeof text === "string") return text;
      throw new GantryError(
        "invalidArgument",
        `${where} holds a part of type ${String(type)}: an AI CLI takes text only. Nothing was started.`,
      );
    })
    .join("\n");
}
