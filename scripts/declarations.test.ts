import { expect, test } from "vitest";

import { rewriteSpecifiers } from "./declarations.ts";

test.each([
  ['import type { A } from "./transport.ts";', 'import type { A } from "./transport.js";'],
  ['export * from "@gantry/contract";', 'export * from "../contract/index.js";'],
  ['type X = import("@gantry/contract/errors").Problem;', 'type X = import("../contract/errors.js").Problem;'],
  ['import { z } from "zod";', 'import { z } from "zod";'],
  ['/** Reads it from "a file.ts" as given. */', '/** Reads it from "a file.ts" as given. */'],
])("%s", (given, expected) => {
  expect(rewriteSpecifiers(given, "../contract")).toBe(expected);
});

test("the contract beside the file is named with a leading dot", () => {
  expect(rewriteSpecifiers('export * from "@gantry/contract";', "contract")).toBe('export * from "./contract/index.js";');
});
