import { GantryError } from "@gantry/contract/errors";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { forEach } from "./each.ts";

beforeEach(() => void vi.spyOn(process.stderr, "write").mockReturnValue(true));
afterEach(() => vi.restoreAllMocks());

const act = async (name: string) => {
  if (name.startsWith("no")) throw new GantryError("notFound", `There is no ${name}.`);
  if (name === "gone") throw new GantryError("unavailable", "The daemon is gone.");
  return name.toUpperCase();
};

test.each([false, true])("each that can be done is done once, each that cannot is named, at once: %s", async (atOnce) => {
  const exitWith = vi.fn();
  expect(await forEach(["a", "no-b", "c", "a", "no-d"], act, { exitWith }, { atOnce })).toEqual({
    items: ["A", "C"],
    failures: [
      { name: "no-b", code: "notFound", message: "There is no no-b." },
      { name: "no-d", code: "notFound", message: "There is no no-d." },
    ],
  });
  expect(exitWith.mock.calls).toEqual([[64]]);
  await expect(forEach(["gone", "a"], act, { exitWith }, { atOnce })).rejects.toThrow("The daemon is gone.");
});
