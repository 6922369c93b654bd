import { expect, test } from "vitest";
import { z } from "zod";

import { defineCommand } from "./index.ts";

const greet = defineCommand({
  name: "greet",
  summary: "Greets",
  input: z.object({ name: z.string(), shout: z.boolean().default(false) }),
  positionals: ["name"],
  run: ({ name, shout }) => (shout ? name.toUpperCase() : name),
});

test("a definition describes its input as JSON Schema that refuses unknown fields", () => {
  expect(greet.inputSchema()).toMatchObject({
    type: "object",
    properties: { name: { type: "string" }, shout: { type: "boolean", default: false } },
    required: ["name"],
    additionalProperties: false,
  });
});

test("parse applies defaults and names the field that is wrong", () => {
  expect(greet.parse({ name: "Ada" })).toEqual({ name: "Ada", shout: false });
  expect(() => greet.parse({ name: 3 })).toThrow(/name: /);
  expect(() => greet.parse({ name: "Ada", nam: 1 })).toThrow(/nam/);
});

test("a command without input takes none", () => {
  const noop = defineCommand({ name: "noop", summary: "", run: () => undefined });
  expect(noop.parse({})).toEqual({});
  expect(() => noop.parse({ x: 1 })).toThrow(/x/);
});
