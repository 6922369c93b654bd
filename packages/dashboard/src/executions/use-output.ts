/** Follows an execution's output from its first byte to its end, and resumes where it was when the connection is lost. */
import { GantryError } from "@gantry/client";
import type { OutputRecord } from "@gantry/contract";
import { useEffect, useState } from "react";

import { useClient } from "../access/access.tsx";
import { createOutputBuffer, type OutputLine } from "./output-buffer.ts";

export interface Output {
  lines: readonly OutputLine[];
  dropped: number;
  /** Nothing more will come. */
  ended: boolean;
  error: Error | undefined;
}

const retryMs = 1_000;

export function useOutput(executionId: string): Output {
  const client = useClient();
  const [output, setOutput] = useState<Output>(nothing);

  useEffect(() => {
    const abort = new AbortController();
    const buffer = createOutputBuffer();
    let frame = 0;
    setOutput(nothing);
    const show = (rest: Partial<Output> = {}) =>
      setOutput((before) => ({ ...before, lines: buffer.lines(), dropped: buffer.dropped(), ...rest }));

    const follow = async () => {
      let since = 0;
      const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
      while (!abort.signal.aborted) {
        try {
          for await (const event of client.executions.output.stream({ id: executionId, since }, { signal: abort.signal })) {
            since = event.nextOffset;
            if (event.type === "end") return show({ ended: true, error: undefined });
            buffer.append(event.stream, textOf(event, decoders[event.stream]));
            // Many records may arrive in one frame; one rendering is enough for all.
            cancelAnimationFrame(frame);
            frame = requestAnimationFrame(() => show({ error: undefined }));
          }
        } catch (error) {
          if (abort.signal.aborted) return;
          const passing = error instanceof GantryError ? error.retryable : true;
          show({ error: error as Error, ended: !passing });
          if (!passing) return;
        }
        await new Promise((resolve) => setTimeout(resolve, retryMs));
      }
    };
    void follow();
    return () => {
      abort.abort();
      cancelAnimationFrame(frame);
    };
  }, [client, executionId]);

  return output;
}

const nothing: Output = { lines: [], dropped: 0, ended: false, error: undefined };

function textOf({ text, base64 }: OutputRecord, decoder: TextDecoder): string {
  if (base64 !== undefined)
    return decoder.decode(
      Uint8Array.from(atob(base64), (character) => character.codePointAt(0) as number),
      { stream: true },
    );
  // The decoder may hold the beginning of a character that this text does not continue.
  return decoder.decode() + (text ?? "");
}
