import { expect, onTestFinished, test } from "vitest";

import { createLogger } from "../../core/logger.ts";
import type { HostLink } from "../../host/link.ts";
import { type Agents, createAgents } from "./agents.ts";

const id = "ses_1";

function startAgent(): { agents: Agents; state(): string | undefined; nowMs: number } {
  const time = { nowMs: 100 };
  const agents = createAgents({
    link: { on: () => () => undefined } as unknown as HostLink,
    clock: { now: () => time.nowMs, monotonic: () => time.nowMs },
    logger: createLogger({ level: "fatal" }),
    changed: () => undefined,
  });
  onTestFinished(() => agents.close());
  agents.begin(id, { kind: "agent", hooks: "claude" });
  return Object.assign(time, { agents, state: () => agents.get(id)?.status.state });
}

const starts = (timeMs: number, detail = "startup") => ({ event: "SessionStart", detail, timeMs });

test("the hook of a start that runs late says nothing about the prompt that came before it", () => {
  const one = startAgent();
  const { agents } = one;
  expect(agents.hook(id, starts(110))).toBe(true);
  expect(one.state()).toBe("idle");
  one.nowMs = 200;
  agents.typed(id, Buffer.from("\r"));
  agents.hook(id, { event: "UserPromptSubmit", timeMs: 210 });
  expect(one.state()).toBe("working");
  expect(agents.hook(id, starts(220))).toBe(true);
  expect(one.state()).toBe("working");
  agents.hook(id, starts(230, "clear"));
  expect(one.state()).toBe("idle");
});

test("a dialog that is answered before the agent starts is no prompt", () => {
  const { agents, state } = startAgent();
  agents.typed(id, Buffer.from("\r"));
  agents.hook(id, starts(300));
  expect(state()).toBe("idle");
});
