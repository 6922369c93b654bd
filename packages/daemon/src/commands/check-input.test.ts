import { CommandPolicy } from "@gantry/contract";
import { expect, test } from "vitest";

import { checkInput } from "./check-input.ts";
import type { Definition } from "./definition.ts";

const definition: Definition = {
  name: "greet",
  kind: "function",
  summary: "Greets",
  source: "/greet.ts",
  inputSchema: {
    type: "object",
    properties: {
      name: { type: "string", minLength: 1, description: "Who is greeted" },
      shout: { type: "boolean", default: false },
      level: { type: "string", enum: ["low", "high"] },
      times: { type: "integer", maximum: 9 },
    },
    required: ["name"],
    additionalProperties: false,
  },
  positionals: ["name"],
  timeoutMs: undefined,
  policy: CommandPolicy.parse({}),
  cache: undefined,
  target: { kind: "function", file: "/greet.ts" },
};

function refusal(given: Parameters<typeof checkInput>[1]) {
  try {
    checkInput(definition, given);
  } catch (error) {
    return error as { code: string; message: string; details: { usage: string; issues: { path: string }[]; suggestions: string[] } };
  }
  throw new Error("was not refused");
}

test("both ways of giving input arrive at the same, with defaults", () => {
  expect(checkInput(definition, { argv: ["Ada", "--times", "2"] })).toEqual({ name: "Ada", times: 2, shout: false });
  expect(checkInput(definition, { input: { name: "Ada", times: 2 } })).toEqual({ name: "Ada", times: 2, shout: false });
});

test("a misspelt option comes with a suggestion and the usage", () => {
  const { code, message, details } = refusal({ argv: ["--nam", "Ada"] });
  expect(code).toBe("invalidArgument");
  expect(message).toBe('greet: unknown option "--nam": did you mean --name? Nothing was run.');
  expect(details.suggestions).toEqual(["--name"]);
  expect(details.usage).toContain("Usage: gantry run greet [options] <name>");
  expect(details.usage).toContain("--[no-]shout");
});

test("every kind of wrong value names the field, what was given, and what is allowed", () => {
  expect(refusal({ argv: ["Ada", "--level", "mid"] }).message).toMatch(/--level must be one of "low", "high", but "mid" was given/);
  expect(refusal({ argv: ["Ada", "--times", "2.5"] }).message).toMatch(/--times must be integer, but 2.5 was given/);
  expect(refusal({ argv: ["Ada", "--times", "10"] }).message).toMatch(/--times must be <= 9, but 10 was given/);
  expect(refusal({ input: { name: 3 } }).message).toMatch(/name must be string, but 3 was given/);
  expect(
    refusal({ input: { nam: "Ada" } })
      .details.issues.map(({ path }) => path)
      .sort(),
  ).toEqual(["nam", "name"]);
  expect(refusal({ input: {}, argv: [] }).message).toMatch(/not both/);
});

test("a hostile value is shown escaped", () => {
  expect(refusal({ argv: ["Ada", "--level", "\u001b]0;x\u0007\u009b"] }).message).toContain('"\\u001b]0;x\\u0007\\u009b"');
});

test("a program's value with a NUL is refused, which would be cut there; a function gets it", () => {
  const program: Definition = { ...definition, kind: "program" };
  const refused = "greet: name must not contain NUL characters. Nothing was run.";
  expect(() => checkInput(program, { input: { name: "a\0b" } })).toThrow(refused);
  expect(() => checkInput(program, { argv: ["a\0b"] })).toThrow(refused);
  expect(checkInput(definition, { input: { name: "a\0b" } })).toMatchObject({ name: "a\0b" });
});
