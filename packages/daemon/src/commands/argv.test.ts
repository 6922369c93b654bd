import fc from "fast-check";
import { expect, test } from "vitest";

import { parseArgv } from "./argv.ts";
import { type Field, fieldsOf, toOption } from "./fields.ts";

const schema = {
  type: "object",
  properties: {
    name: { type: "string" },
    shout: { type: "boolean", default: false },
    count: { type: "integer" },
    dryRun: { type: "boolean" },
    tag: { type: "array", items: { type: "string" } },
    level: { enum: ["low", "high"] },
    extra: { anyOf: [{ type: "object" }, { type: "string" }] },
    limit: { anyOf: [{ type: "number" }, { type: "null" }] },
  },
  required: ["name"],
};
const fields = fieldsOf(schema);
const parse = (words: string[], positionals: string[] = []) => parseArgv(words, fields, positionals);
const inputOf = (...words: string[]) => {
  const { input, issues } = parse(words);
  expect(issues).toEqual([]);
  return input;
};

test("options in all their forms", () => {
  expect(inputOf("--name", "Ada", "--shout")).toEqual({ name: "Ada", shout: true });
  expect(inputOf("--name=Ada", "--no-shout", "--count=3", "--dry-run")).toEqual({ name: "Ada", shout: false, count: 3, dryRun: true });
  expect(inputOf("--dryRun", "--shout=false", "--count", "-5")).toEqual({ dryRun: true, shout: false, count: -5 });
  expect(inputOf("--tag", "a", "--tag=b")).toEqual({ tag: ["a", "b"] });
  expect(inputOf("--extra", '{"a":[1]}')).toEqual({ extra: { a: [1] } });
  expect(inputOf("--extra", "plain", "--limit", "null")).toEqual({ extra: "plain", limit: null });
  expect(inputOf("--name", "--looks-like-an-option")).toEqual({ name: "--looks-like-an-option" });
});

test("positionals, with options between them and after --", () => {
  expect(parse(["Ada", "--shout", "x", "y"], ["name", "tag"])).toEqual({
    input: { name: "Ada", shout: true, tag: ["x", "y"] },
    issues: [],
  });
  expect(parse(["--", "--shout"], ["name"])).toEqual({ input: { name: "--shout" }, issues: [] });
  expect(parse(["--name", "Ada", "x"], ["name", "tag"])).toEqual({ input: { name: "Ada", tag: ["x"] }, issues: [] });
  expect(parse(["Ada", "Bob"], ["name"]).issues).toMatchObject([{ message: expect.stringMatching(/unexpected argument "Bob".*<name>/) }]);
});

test("what is wrong is named, with what was given and what is allowed", () => {
  expect(parse(["--nam", "Ada"]).issues).toEqual([
    { path: "--nam", message: 'unknown option "--nam": did you mean --name?', suggestions: ["--name"] },
  ]);
  expect(parse(["--count", "many"]).issues).toEqual([{ path: "count", message: '--count must be a number, but "many" was given' }]);
  expect(parse(["--name"]).issues).toMatchObject([{ path: "name", message: "--name needs a value (text)" }]);
  expect(parse(["--name", "--shout"]).issues).toMatchObject([{ message: expect.stringMatching(/write --name=--shout/) }]);
  expect(parse(["--name", "a", "--name", "b"]).issues).toMatchObject([{ message: "--name was given twice" }]);
  expect(parse(["--no-shout=yes"]).issues).toMatchObject([{ path: "shout" }]);
  expect(parse(["-x"]).issues).toMatchObject([{ path: "-x" }]);
});

test("what is written for an input is read back as that input", () => {
  const name = fc.stringMatching(/^[a-z][a-zA-Z0-9]{0,8}$/).filter((text) => !text.startsWith("no"));
  const value = fc.oneof(
    fc.string().map((given) => ({ kind: "string" as const, given })),
    fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .filter((number) => !Object.is(number, -0))
      .map((given) => ({ kind: "number" as const, given })),
    fc.boolean().map((given) => ({ kind: "boolean" as const, given })),
    fc
      .jsonValue()
      .filter((given) => JSON.stringify(given).match(/-0\b/) === null)
      .map((given) => ({ kind: "json" as const, given })),
  );
  const entry = fc.tuple(name, value, fc.boolean());
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: ([field]) => toOption(field), maxLength: 6 }), (entries) => {
      const declared: Field[] = entries.map(([field, { kind }]) => ({
        name: field,
        option: toOption(field),
        kind,
        many: false,
        nullable: false,
        required: false,
        description: undefined,
        defaultValue: undefined,
        allowed: undefined,
        secret: false,
      }));
      const words = entries.flatMap(([field, { kind, given }, glued]) => {
        const text = kind === "json" ? JSON.stringify(given) : String(given);
        if (kind === "boolean") return [given ? `--${toOption(field)}` : `--no-${toOption(field)}`];
        return glued || text.startsWith("-") ? [`--${toOption(field)}=${text}`] : [`--${field}`, text];
      });
      const { input, issues } = parseArgv(words, declared, []);
      expect(issues).toEqual([]);
      expect(input).toEqual(Object.fromEntries(entries.map(([field, { given }]) => [field, given])));
    }),
  );
});

test("no words whatever make it throw", () => {
  const word = fc.oneof(fc.string(), fc.constantFrom("--", "--name", "--no-shout", "--tag", "--count", "=", "--=", "-"));
  const outcome = fc.property(fc.array(word, { maxLength: 8 }), fc.subarray(["name", "tag"]), (words, positionals) =>
    Array.isArray(parse(words, positionals).issues),
  );
  expect(fc.check(outcome).failed).toBe(false);
});
