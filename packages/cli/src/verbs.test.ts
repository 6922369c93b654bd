/** Help: every verb about commands has examples and can print JSON. */
import { Command } from "commander";
import { expect, test } from "vitest";

import type { VerbEntry } from "./verb.ts";
import { verbs } from "./verbs.ts";

const asked = ["run", "ps", "show", "output", "wait", "cancel", "retry", "history", "commands", "queue", "cache", "batch", "schedule"];

function leaves(words: string[], entry: VerbEntry): [string, NonNullable<VerbEntry["load"]>][] {
  const below = Object.entries(entry.verbs ?? {}).flatMap(([word, inner]) => leaves([...words, word], inner));
  return entry.load === undefined ? below : [[words.join(" "), entry.load], ...below];
}

test.each(asked.flatMap((word) => leaves([word], verbs[word] as VerbEntry)))("gantry %s", async (words, load) => {
  const command = new Command(words);
  let help = "";
  command.configureOutput({ writeOut: (text) => (help += text) });
  (await load()).verb(command, { choice: {}, connect: () => Promise.reject(new Error("not asked for")), exitWith: () => undefined });
  command.outputHelp();
  expect(help).toContain("--json");
  expect(help).toMatch(/Examples?:\n  /);
  expect(help.split(/Examples?:\n/)[1]).toContain(`gantry ${words}`);
});
