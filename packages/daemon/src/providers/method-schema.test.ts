/** Schemas that providers send: what they refuse is named, and they cannot hold up the daemon. */
import { expect, test } from "vitest";

import { compileMethodSchema } from "./method-schema.ts";

test("names the path and the rule", () => {
  const check = compileMethodSchema({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: { list: { type: "array", items: { type: "object", properties: { n: { type: "integer" } } } } },
    additionalProperties: false,
  });
  expect(() => check({ list: [{ n: 1 }, { n: "x" }] }, "p.m")).toThrow("p.m: params/list/1/n must be integer (rule type)");
  expect(() => check({ extra: 1 }, "p.m")).toThrow('("extra") (rule additionalProperties)');
  expect(() => check({ list: [] }, "p.m")).not.toThrow();
});

test("takes older drafts, and documents with the same $id", () => {
  for (const type of ["string", "number"]) {
    const check = compileMethodSchema({ $schema: "http://json-schema.org/draft-07/schema#", $id: "same", type });
    expect(() => check(type === "string" ? "x" : 1, "p.m")).not.toThrow();
    expect(() => check({}, "p.m")).toThrow(`must be ${type}`);
  }
});

test.each([
  ["directly", { $ref: "#" }],
  ["in a circle", { $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } }, $ref: "#/$defs/a" }],
])("refuses what refers to itself without end, %s, and takes a tree", (_how, schema) => {
  expect(() => compileMethodSchema(schema)).toThrow("it refers to itself without end");
  const tree = { type: "object", properties: { children: { type: "array", items: { $ref: "#" } } } };
  expect(() => compileMethodSchema(tree)({ children: [{ children: [] }] }, "p.m")).not.toThrow();
});

test("leaves patterns to the provider: one could run for ever", () => {
  const check = compileMethodSchema({ type: "string", pattern: "^(a+)+$" });
  const startedAt = performance.now();
  expect(() => check(`${"a".repeat(40)}!`, "p.m")).not.toThrow();
  expect(performance.now() - startedAt).toBeLessThan(1000);
});
