import { expect, test } from "vitest";

import { dropReplies } from "./client-replies.ts";

const drop = (text: string): string => Buffer.from(dropReplies(Buffer.from(text))).toString();

test("a terminal's answers are dropped, wherever they stand", () => {
  for (const reply of [
    "\x1b[?1;2c",
    "\x1b[>0;276;0c",
    "\x1b[0n",
    "\x1b[24;80R",
    "\x1b[?2026;2$y",
    "\x1b[?1u",
    "\x1b[8;24;80t",
    "\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
    "\x1b]10;rgb:ff/ff/ff\x07",
    "\x1bP>|xterm(390)\x1b\\",
    "\x1b]52;c;c2VjcmV0\x07",
    "\x1b]lold title\x1b\\",
  ]) {
    expect(drop(reply)).toBe("");
    expect(drop(`a${reply}b`)).toBe("ab");
  }
});

test("keys, pastes, and mouse reports pass", () => {
  for (const keys of [
    "hello",
    "\x1b[A",
    "\x1bOP",
    "\x1b[1;2R",
    "\x1b[15;5~",
    "\x1b[200~pasted\x1b[201~",
    "\x1b[<0;10;20M",
    "\x1b[97;5u",
    "\x1b[I",
    "grüße \x1b",
  ]) {
    expect(drop(keys)).toBe(keys);
  }
});
