/** Takes out what a terminal would obey: names and messages come from elsewhere and must not move the cursor or set the title. */
export function plain(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, (character) =>
    character === "\n" || character === "\t" ? character : `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
}
