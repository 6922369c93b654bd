import fc from "fast-check";
import { expect, test } from "vitest";

import { aggregateCatalog } from "./catalog.ts";
import type { OfferedProvider } from "./port.ts";
import { aggregateName, toToolName } from "./tool-names.ts";

const name = fc.string({ minLength: 1, maxLength: 128, unit: fc.constantFrom("a", "b", "Z", "0", ".", "_", ":", "/", "-") });

test("keeps names that fit, and marks those that do not", () => {
  expect(aggregateName("files", "read_file")).toBe("files__read_file");
  expect(aggregateName("a.b", "c")).toMatch(/^a_b__c_[0-9a-f]{8}$/);
  expect(toToolName("x".repeat(64))).toBe("x".repeat(64));
  expect(toToolName("x".repeat(65))).toMatch(/^x{55}_[0-9a-f]{8}$/);
});

test("every name is one that clients take, stays the same, and stands for one tool only", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(name, fc.uniqueArray(name, { maxLength: 5 })), { selector: ([provider]) => provider }),
      (offered) => {
        const providers = offered.map(([provider, methods]): OfferedProvider => ({
          name: provider,
          state: "ready",
          version: "1",
          methods: methods.map((method) => ({ name: method, stream: false, idempotent: false })),
          instances: [],
        }));
        const catalog = aggregateCatalog(providers, []);
        expect(catalog.size).toBe(offered.reduce((count, [, methods]) => count + methods.length, 0));
        for (const tool of catalog.keys()) expect(tool).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
        expect([...aggregateCatalog(providers, []).keys()]).toEqual([...catalog.keys()]);
      },
    ),
  );
});
