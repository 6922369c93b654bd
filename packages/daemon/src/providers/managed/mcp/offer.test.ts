import { Name } from "@gantry/contract";
import type { Client } from "@modelcontextprotocol/client";
import fc from "fast-check";
import { expect, test } from "vitest";

import { methodNameOf, readOffer } from "./offer.ts";

const settings = { description: undefined, concurrency: undefined, timeoutMs: undefined };

function clientWith(tools: unknown[], capabilities: object = { tools: {} }): Client {
  const answers = {
    getServerCapabilities: () => capabilities,
    getServerVersion: () => ({ name: "s", version: "1" }),
    getNegotiatedProtocolVersion: () => "2026-07-28",
    getInstructions: () => undefined,
    listTools: async () => ({ tools }),
  };
  return answers as unknown as Client;
}

test("every tool has a method of its own, whatever it is called, and the same one at each start", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.oneof(fc.string({ minLength: 1, maxLength: 200 }), fc.constantFrom("tools/call", "a b", "a_b", "é"))),
      (names) => {
        const taken = new Map<string, string>();
        for (const name of names) taken.set(methodNameOf(name, taken), name);
        expect(taken.size).toBe(names.length);
        for (const method of taken.keys()) expect(Name.safeParse(method).success).toBe(true);
      },
    ),
  );
});

test("a name that is a method's name stays as it is", () => {
  expect(["read_file", "get-sum", "a.b"].map((name) => methodNameOf(name, new Map()))).toEqual(["read_file", "get-sum", "a.b"]);
});

test("a tool whose schema cannot be used is offered without it, and does not keep the others away", async () => {
  const broken = { type: "object", properties: { a: { $ref: "#/nowhere" } } };
  const fine = { type: "object", properties: { a: { type: "string" } }, required: ["a"] };
  const { document } = await readOffer(
    clientWith([
      { name: "broken", inputSchema: broken, annotations: { idempotentHint: true } },
      { name: "fine", inputSchema: fine, annotations: { readOnlyHint: true }, outputSchema: fine },
      { name: "plain", inputSchema: { type: "object" } },
    ]),
    settings,
    1000,
  );
  const [first, second, third] = document.methods ?? [];
  expect(first).toMatchObject({ name: "broken", idempotent: true });
  expect(first?.input).toBeUndefined();
  expect(second).toMatchObject({ name: "fine", idempotent: true, input: fine, output: fine });
  expect(third).toMatchObject({ name: "plain", idempotent: false });
});

test("what a server does not have is not offered", async () => {
  const names = async (capabilities: object) => {
    const { document } = await readOffer(clientWith([], capabilities), settings, 1000);
    return document.methods?.map(({ name }) => name);
  };
  expect(await names({})).toEqual([]);
  expect(await names({ tools: {} })).toEqual(["tools/call"]);
  expect(await names({ resources: {}, completions: {} })).toEqual([
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "completion/complete",
  ]);
  expect(await names({ prompts: {} })).toEqual(["prompts/list", "prompts/get"]);
});
