/** The words in what a provider's `chat` method sends: plain text, a delta, or a chunk or answer in OpenAI's form. */

export function chatText(item: unknown): string {
  if (typeof item === "string") return item;
  if (typeof item !== "object" || item === null) return "";
  const { content, choices } = item as { content?: unknown; choices?: unknown };
  if (typeof content === "string") return content;
  const [first] = Array.isArray(choices) ? choices : [];
  const { delta, message } = (first ?? {}) as { delta?: unknown; message?: unknown };
  return delta === undefined && message === undefined ? "" : chatText(delta ?? message);
}
