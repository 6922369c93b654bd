/** Streams of language models read best as running text; everything else as one JSON value a line. */

/** Text of a chunk that is text: a string, or the usual shapes of a model's delta. */
function textOf(chunk: unknown): string | undefined {
  if (typeof chunk === "string") return chunk;
  if (typeof chunk !== "object" || chunk === null) return undefined;
  const { text, delta, content, token, choices } = chunk as Record<string, unknown>;
  // OpenAI's chunks; the last ones only end a choice or tell usage.
  if (Array.isArray(choices)) return textOf((choices[0] as { delta?: unknown } | undefined)?.delta) ?? "";
  for (const candidate of [text, content, token, delta]) if (typeof candidate === "string") return candidate;
  return typeof delta === "object" && delta !== null ? textOf(delta) : undefined;
}

export function readChunks(chunks: readonly unknown[]): string {
  const texts = chunks.map(textOf);
  return texts.every((text) => text !== undefined) ? texts.join("") : chunks.map((chunk) => JSON.stringify(chunk)).join("\n");
}
