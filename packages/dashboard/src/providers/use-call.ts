/** One call at a time, from its start to its one end: result, error, or cancelled by leaving. */
import type { CallStreamEvent, InvokeOutput } from "@gantry/contract";
import { useCallback, useEffect, useRef, useState } from "react";

import { useClient } from "../access/access.tsx";

export interface Call {
  method: string;
  state: "running" | "done" | "failed" | "cancelled";
  chunks: readonly unknown[];
  /** Older ones were dropped to keep the page quick. */
  droppedChunks: number;
  firstChunkMs: number | undefined;
  instance: string | undefined;
  result: unknown;
  durationMs: number | undefined;
  error: Error | undefined;
}

interface CallRequest {
  provider: string;
  method: string;
  params: unknown;
  stream: boolean;
}

const keptChunks = 10_000;

export function useCall() {
  const client = useClient();
  const [call, setCall] = useState<Call>();
  const current = useRef<AbortController>(undefined);
  useEffect(() => () => current.current?.abort(), []);

  const start = useCallback(
    ({ provider, method, params, stream }: CallRequest) => {
      current.current?.abort();
      const abort = new AbortController();
      current.current = abort;
      const startedMs = performance.now();
      let state: Call = { ...fresh, method };
      let frame = 0;
      const show = (next: Partial<Call>) => {
        state = { ...state, ...next };
        // A fast stream brings more events than the screen has frames.
        cancelAnimationFrame(frame);
        frame = requestAnimationFrame(() => current.current === abort && setCall(state));
      };
      const take = (event: CallStreamEvent) => {
        if (event.type === "start") return show({ instance: event.instance });
        if (event.type === "end") return show({ state: "done", result: event.result, durationMs: event.durationMs });
        const all = [...state.chunks, ...event.batch];
        const excess = Math.max(0, all.length - keptChunks);
        show({
          chunks: all.slice(excess),
          droppedChunks: state.droppedChunks + excess,
          firstChunkMs: state.firstChunkMs ?? performance.now() - startedMs,
        });
      };
      const run = async () => {
        setCall(state);
        try {
          if (stream) {
            for await (const event of client.providers.invoke.stream({ name: provider, method, params }, { signal: abort.signal }))
              take(event);
          } else {
            const { instance, result, durationMs }: InvokeOutput = await client.providers.invoke(
              { name: provider, method, params },
              { signal: abort.signal },
            );
            show({ state: "done", instance, result, durationMs });
          }
        } catch (error) {
          show(abort.signal.aborted ? { state: "cancelled" } : { state: "failed", error: error as Error });
        }
      };
      void run();
    },
    [client],
  );
  const cancel = useCallback(() => current.current?.abort(), []);
  return { call, start, cancel };
}

const fresh: Omit<Call, "method"> = {
  state: "running",
  chunks: [],
  droppedChunks: 0,
  firstChunkMs: undefined,
  instance: undefined,
  result: undefined,
  durationMs: undefined,
  error: undefined,
};
