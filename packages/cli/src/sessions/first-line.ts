/** The beginning of a prompt, for a line of a listing. */
const shownCharacters = 60;

export function firstLine(text: string): string {
  const line = text.split("\n")[0] ?? "";
  return line.length > shownCharacters || line !== text ? `${line.slice(0, shownCharacters)}…` : line;
}
