import { expect, test } from "vitest";
import { z } from "zod";

import { createConcealer } from "./secrets.ts";

const conceal = (schema: z.ZodType, input: Record<string, unknown>) =>
  createConcealer(schema.toJSONSchema({ io: "input", unrepresentable: "any" }))?.(input);

test("a schema without secrets costs nothing", () => {
  expect(createConcealer({ type: "object", properties: { secret: { type: "string" } } })).toBeUndefined();
});

test("secrets are found in objects, arrays, records, unions, and behind references; the rest stays", () => {
  const token = z.string().meta({ secret: true });
  const Login = z.object({ user: z.string(), token }).meta({ id: "Login" });
  const schema = z.object({
    plain: z.string(),
    token: token.optional(),
    pin: z.int().meta({ "x-secret": true }).optional(),
    many: z.array(z.object({ token })).optional(),
    byHost: z.record(z.string(), token).optional(),
    either: z.union([z.string(), z.object({ key: token })]).optional(),
    login: Login.optional(),
    again: Login.optional(),
    whole: z
      .object({ a: z.string(), b: z.array(z.number()) })
      .meta({ secret: true })
      .optional(),
    nothing: token.nullable().optional(),
  });
  const given = {
    plain: "shown",
    token: "canary-1",
    pin: 12_345,
    many: [{ token: "canary-2" }],
    byHost: { "a.example": "canary-3" },
    either: { key: "canary-4" },
    login: { user: "ada", token: "canary-5" },
    again: { user: "bob", token: "no" },
    whole: { a: "canary-6", b: [123_456] },
    nothing: null,
  };
  const found = conceal(schema, given);
  expect(found?.shown).toEqual({
    plain: "shown",
    token: "[secret]",
    pin: "[secret]",
    many: [{ token: "[secret]" }],
    byHost: { "a.example": "[secret]" },
    either: { key: "[secret]" },
    login: { user: "ada", token: "[secret]" },
    again: { user: "bob", token: "[secret]" },
    whole: "[secret]",
    nothing: null,
  });
  expect(found?.secrets).toEqual(["canary-1", "12345", "canary-2", "canary-3", "canary-4", "canary-5", "canary-6", "123456"]);
});

test("other ways to say it: writeOnly, format password, and a schema that refers to itself", () => {
  const root = {
    type: "object",
    properties: {
      a: { type: "string", writeOnly: true },
      b: { type: "string", format: "password" },
      child: { $ref: "#" },
      __proto__x: { type: "string" },
    },
  };
  expect(createConcealer(root)?.({ a: "1234", b: "5678", child: { a: "9abc", child: { b: "defg" } } })).toEqual({
    shown: { a: "[secret]", b: "[secret]", child: { a: "[secret]", child: { b: "[secret]" } } },
    secrets: ["1234", "5678", "9abc", "defg"],
  });
});
