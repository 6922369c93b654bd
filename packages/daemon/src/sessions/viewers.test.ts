import { parseServerMessage } from "@gantry/contract/session-protocol";
import { expect, test, vi } from "vitest";

import { createViewers, type Viewer } from "./viewers.ts";

function setUp() {
  const sizes: string[] = [];
  const viewers = createViewers({
    resize: (cols, rows) => sizes.push(`${cols}x${rows}`),
    status: () => ({ state: "active", title: "" }),
    changed: () => {},
  });
  const join = (name: string, { readOnly = false, take = false } = {}) => {
    const told: unknown[] = [];
    const viewer: Viewer = {
      attachmentId: name,
      owner: "local",
      readOnly,
      attachedAtMs: 0,
      size: { cols: 80, rows: 24 },
      send: (message) => told.push((parseServerMessage(message) as { value: unknown }).value),
      end: () => {},
    };
    viewers.add(viewer, take);
    return { viewer, told };
  };
  return { viewers, sizes, join };
}

test("control goes to the first who may have it, to who takes it, and to the newest when its holder leaves", () => {
  const { viewers, join } = setUp();
  join("watcher", { readOnly: true });
  expect(viewers.controller).toBeUndefined();
  const first = join("first");
  join("second");
  expect(viewers.controller?.attachmentId).toBe("first");
  const third = join("third", { take: true });
  expect(viewers.controller?.attachmentId).toBe("third");
  expect(first.told.at(-1)).toMatchObject({ controller: false, viewers: 4 });
  expect(viewers.giveControl("watcher")).toBe(false);
  expect(viewers.giveControl("nobody")).toBe(false);
  viewers.remove(third.viewer);
  expect(viewers.controller?.attachmentId).toBe("second");
  expect(viewers.giveControl(null)).toBe(true);
  expect(viewers.controller).toBeUndefined();
});

test("a crowd is told of itself now and then, but who gets or loses control at once", () => {
  vi.useFakeTimers();
  try {
    const { viewers, join } = setUp();
    const all = Array.from({ length: 500 }, (_, index) => join(`v${index}`));
    const messages = () => all.reduce((sum, { told }) => sum + told.length, 0);
    expect(messages()).toBeLessThan(100);
    const taker = join("taker", { take: true });
    expect(taker.told.at(-1)).toMatchObject({ controller: true });
    expect(all[0]?.told.at(-1)).toMatchObject({ controller: false });
    const before = messages();
    vi.runAllTimers();
    expect(messages()).toBe(before + 500);
    expect(all[250]?.told.at(-1)).toMatchObject({ viewers: 501, controller: false });
    viewers.remove(taker.viewer);
    expect(all[499]?.told.at(-1)).toMatchObject({ controller: true });
  } finally {
    vi.useRealTimers();
  }
});
