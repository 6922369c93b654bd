import { expect, test } from "vitest";

import { lineOf } from "./config-lines.ts";

const text = `# a comment
instance = "x"

[commands]
modules = [
  "./a.ts",
  # inside
  "./b.ts",
]
history = { maxCount = 5,
  maxAgeDays = 3 }

[command.build]
argv = ["make"]

[command.'two words']
argv = ["""
[command.build]
timeoutMs = 3
"""]
queue.deep = 1
`;

test.each([
  [["instance"], 2],
  [["commands"], 4],
  [["commands", "modules"], 5],
  [["commands", "modules", "1"], 5],
  [["commands", "history", "maxAgeDays"], 10],
  [["command", "build", "argv"], 14],
  [["command", "two words", "argv"], 17],
  [["command", "two words", "queue", "deep"], 21],
  // What is missing is missed in its table.
  [["command", "build", "cwd"], 13],
  [["nothing"], undefined],
])("the line of %j is %s", (path, line) => {
  expect(lineOf(text, path)).toBe(line);
  expect(lineOf(text.replaceAll("\n", "\r\n"), path)).toBe(line);
});
