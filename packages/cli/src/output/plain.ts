/** Takes out what a terminal would obey: names and messages come from elsewhere and must not move the cursor or set the title. */
export function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this shows in a harmless form
  return text.replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
