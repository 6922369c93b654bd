import { z } from "zod";
import { expect, test } from "vitest";

import { coerceQuery } from "./query.ts";

const input = z.object({
  limit: z.int().default(5),
  follow: z.boolean().optional(),
  state: z.union([z.enum(["a", "b"]), z.array(z.enum(["a", "b"]))]).optional(),
  ids: z.array(z.number()).optional(),
  name: z.string().optional(),
});

test("text becomes what the schema expects, through defaults and optionals", () => {
  expect(coerceQuery(input, { limit: "7", follow: "false", ids: ["1", "2"], name: "7" })).toEqual({
    limit: 7,
    follow: false,
    ids: [1, 2],
    name: "7",
  });
});

test("a choice of one or many takes both forms, and one id is still a list", () => {
  expect(coerceQuery(input, { state: "a", ids: "3" })).toEqual({ state: "a", ids: [3] });
  expect(coerceQuery(input, { state: ["a", "b"] })).toEqual({ state: ["a", "b"] });
});

test("what does not fit is left for the schema to refuse", () => {
  const coerced = coerceQuery(input, { limit: "many", follow: "yes", unknown: "1" });
  expect(coerced).toEqual({ limit: "many", follow: "yes", unknown: "1" });
  expect(input.strict().safeParse(coerced).success).toBe(false);
});
