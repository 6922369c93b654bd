import fc from "fast-check";
import { expect, test, vi } from "vitest";

import { systemClock } from "../../core/clock.ts";
import { backoffMs } from "./backoff.ts";
import type { RunningInstance } from "./kind.ts";
import { createSupervisor, type StartAttempt } from "./supervisor.ts";

/** A program that the test plays: each start waits for its turn to come up, fail, or end. */
function play(options: { autoRestart?: boolean; startTimeoutMs?: number } = {}) {
  const states: string[] = [];
  const lives: { up: PromiseWithResolvers<void>; end: (reason: string) => void; stopped: string[]; attempt: StartAttempt }[] = [];
  const supervisor = createSupervisor({
    instance: "1",
    autoRestart: options.autoRestart ?? true,
    startTimeoutMs: options.startTimeoutMs ?? 60_000,
    clock: systemClock,
    random: () => 0,
    onState: (state) => void states.push(state),
    async start(attempt): Promise<RunningInstance> {
      const ended = Promise.withResolvers<string>();
      const life = { up: Promise.withResolvers<void>(), end: ended.resolve, stopped: [] as string[], attempt };
      lives.push(life);
      attempt.signal.addEventListener("abort", () => life.up.reject(attempt.signal.reason as Error));
      await life.up.promise;
      return { ended: ended.promise, stop: async (reason) => void life.stopped.push(reason) };
    },
  });
  return { supervisor, states, lives, settle: () => vi.advanceTimersByTimeAsync(0) };
}

test("starts again after each end, with growing pauses, and tells when", async () => {
  vi.useFakeTimers();
  const { supervisor, lives, settle } = play();
  void supervisor.start();
  for (const pauseMs of [500, 1000, 2000]) {
    lives.at(-1)?.attempt.stderr.write("it went wrong\n");
    lives.at(-1)?.up.reject(new Error("no luck"));
    await settle();
    const { state, lastEnd, nextRetryAt, stderr } = supervisor.view();
    expect({ state, lastEnd, stderr }).toEqual({ state: "waiting", lastEnd: "no luck", stderr: ["it went wrong"] });
    expect(Date.parse(nextRetryAt as string) - Date.now()).toBe(pauseMs);
    const before = lives.length;
    await vi.advanceTimersByTimeAsync(pauseMs - 1);
    expect(lives).toHaveLength(before);
    await vi.advanceTimersByTimeAsync(1);
    expect(lives).toHaveLength(before + 1);
  }
  expect(supervisor.view().restarts).toBe(3);
  await supervisor.stop("enough");
  vi.useRealTimers();
});

test("begins a new series of pauses after it ran well", async () => {
  vi.useFakeTimers();
  const { supervisor, lives, settle } = play();
  void supervisor.start();
  lives[0]?.up.reject(new Error("first"));
  await vi.advanceTimersByTimeAsync(500);
  lives[1]?.up.resolve();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(supervisor.state).toBe("running");
  lives[1]?.end("it exited with code 1");
  await settle();
  expect(Date.parse(supervisor.view().nextRetryAt as string) - Date.now()).toBe(500);
  await supervisor.stop("enough");
  vi.useRealTimers();
});

test("stops in every state, cleans up what was started, and stays down", async () => {
  vi.useFakeTimers();
  for (const prepare of [
    async () => undefined,
    async ({ lives, settle }: ReturnType<typeof play>) => (lives[0]?.up.resolve(), settle()),
    async ({ lives, settle }: ReturnType<typeof play>) => (lives[0]?.up.reject(new Error("no luck")), settle()),
  ]) {
    const played = play();
    void played.supervisor.start();
    await prepare(played);
    await played.supervisor.stop("enough");
    expect(played.supervisor.state).toBe("stopped");
    await vi.advanceTimersByTimeAsync(120_000);
    expect(played.lives).toHaveLength(1);
    expect(played.states.at(-1)).toBe("stopped");
  }
  vi.useRealTimers();
});

test("gives up a start that takes too long, and does not start again when it may not", async () => {
  vi.useFakeTimers();
  const { supervisor, lives } = play({ autoRestart: false, startTimeoutMs: 200 });
  void supervisor.start();
  await vi.advanceTimersByTimeAsync(200);
  expect(supervisor.view()).toMatchObject({ state: "stopped", lastEnd: "it was not ready within 200 ms" });
  await vi.advanceTimersByTimeAsync(120_000);
  expect(lives).toHaveLength(1);
  void supervisor.start();
  await vi.advanceTimersByTimeAsync(0);
  expect(lives).toHaveLength(2);
  await supervisor.stop("enough");
  vi.useRealTimers();
});

test("waits at least half of the doubled pause and never over a minute", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, random) => {
      const pause = backoffMs(failures, () => random);
      const full = Math.min(60_000, 1000 * 2 ** Math.min(30, failures - 1));
      expect(pause).toBeGreaterThanOrEqual(full / 2);
      expect(pause).toBeLessThanOrEqual(full);
    }),
  );
});

test("whatever happens in whatever order, one life at a time, each ended, and nothing after a stop", async () => {
  vi.useFakeTimers();
  const step = fc.constantFrom("up", "fail", "end", "start", "stop", "wait", "restart");
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.boolean(), async (steps, autoRestart) => {
      let living = 0;
      let most = 0;
      let current: { up(): void; fail(): void; end(): void } | undefined;
      const supervisor = createSupervisor({
        instance: "1",
        autoRestart,
        startTimeoutMs: 5_000,
        clock: systemClock,
        onState: () => undefined,
        async start({ signal }) {
          living += 1;
          most = Math.max(most, living);
          const up = Promise.withResolvers<void>();
          const ended = Promise.withResolvers<string>();
          current = { up: up.resolve, fail: () => up.reject(new Error("no luck")), end: () => ended.resolve("it ended") };
          signal.addEventListener("abort", () => up.reject(signal.reason as Error));
          try {
            await up.promise;
          } catch (error) {
            living -= 1;
            throw error;
          }
          let isStopped = false;
          return {
            ended: ended.promise,
            async stop() {
              if (!isStopped) living -= 1;
              isStopped = true;
            },
          };
        },
      });
      const pending: Promise<void>[] = [];
      for (const what of steps) {
        if (what === "start") pending.push(supervisor.start());
        else if (what === "stop") pending.push(supervisor.stop("enough"));
        else if (what === "restart") pending.push(supervisor.stop("again").then(() => supervisor.start()));
        else if (what === "wait") await vi.advanceTimersByTimeAsync(61_000);
        else current?.[what]();
        await vi.advanceTimersByTimeAsync(0);
        expect(living).toBe(supervisor.state === "starting" || supervisor.state === "running" || supervisor.state === "stopping" ? 1 : 0);
      }
      await Promise.all(pending.map((one) => Promise.race([one, vi.advanceTimersByTimeAsync(61_000)])));
      await supervisor.stop("the end");
      await vi.advanceTimersByTimeAsync(61_000);
      expect({ living, state: supervisor.state }).toEqual({ living: 0, state: "stopped" });
      expect(most).toBeLessThanOrEqual(1);
    }),
  );
  vi.useRealTimers();
});
