import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { collect, fill, readFields } from "./fields.ts";

const schema = {
  type: "object",
  properties: {
    name: { type: "string", description: "Whom to greet" },
    times: { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER, default: 1 },
    shout: { type: "boolean", default: false },
    tone: { enum: ["warm", "cold"] },
    also: { type: "array", items: { type: "string" } },
    extra: { type: "object" },
  },
  required: ["name", "times"],
  additionalProperties: false,
};

describe("readFields", () => {
  it("finds the kind of each field", () => {
    expect(readFields(schema)?.map(({ name, kind, required }) => [name, kind, required])).toEqual([
      ["name", "text", true],
      ["times", "number", false],
      ["shout", "boolean", false],
      ["tone", "choice", false],
      ["also", "list", false],
      ["extra", "json", false],
    ]);
    expect(readFields(schema)?.[1]?.maximum).toBeUndefined();
  });

  it("gives up on what is no object with known fields", () => {
    expect(readFields({ type: "array" })).toBeUndefined();
    expect(readFields({})).toBeUndefined();
    expect(readFields(undefined)).toBeUndefined();
    expect(readFields({ type: "object", additionalProperties: false })).toEqual([]);
  });

  it("survives any schema", () => {
    const nested = fc.dictionary(fc.constantFrom("type", "items", "properties", "enum", "default", "required"), fc.jsonValue());
    expect(() => {
      fc.assert(fc.property(fc.jsonValue(), (value) => void readFields(value)));
      fc.assert(fc.property(fc.dictionary(fc.string(), nested), (properties) => void readFields({ type: "object", properties })));
    }).not.toThrow();
  });
});

describe("a JSON field that must be given", () => {
  it("starts with its shape", () => {
    const message = { type: "object", properties: { role: { enum: ["system", "user"] }, content: { type: "string" } } };
    const [messages] = readFields({ properties: { messages: { type: "array", items: message } }, required: ["messages"] }) ?? [];
    expect(JSON.parse(messages?.skeleton ?? "")).toEqual([{ role: "user", content: "" }]);
  });
});

describe("fill", () => {
  it("starts with given values, and with JSON as its text", () => {
    const fields = readFields(schema) ?? [];
    const filled = fill(fields, { name: "Ada", shout: true, extra: { a: 1 }, unknown: 1 });
    expect(filled).toMatchObject({ name: "Ada", shout: true, extra: '{\n  "a": 1\n}', times: undefined });
    expect(collect(fields, filled)).toEqual({ input: { name: "Ada", shout: true, extra: { a: 1 } }, problems: {} });
  });
});

describe("collect", () => {
  const fields = readFields(schema) ?? [];

  it("leaves out what is empty and reads JSON", () => {
    expect(collect(fields, { name: "Ada", times: "", also: [], extra: '{"a":1}' })).toEqual({
      input: { name: "Ada", extra: { a: 1 } },
      problems: {},
    });
  });

  it("names what is missing or unreadable", () => {
    const { problems } = collect(fields, { extra: "{" });
    expect(problems["name"]).toBe("Needed");
    expect(problems["extra"]).toMatch(/^Not JSON/);
  });
});
