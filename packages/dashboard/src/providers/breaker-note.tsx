/** A method that kept failing at an instance: why, and when it is tried again there. */
import type { BreakerInfo } from "@gantry/contract";
import { Text } from "@mantine/core";

import { Ahead } from "../app/parts/ago.tsx";
import { plural } from "../app/parts/format.ts";
import classes from "./breaker-note.module.css";

export function BreakerNote({ breaker, seenAtMs }: { breaker: BreakerInfo; seenAtMs: number }) {
  const { method, failures, lastError } = breaker;
  return (
    <div className={classes.note} role="note">
      <Text size="sm">
        <strong className="mono">{method}</strong> kept failing here: {plural(failures, "failure")} of late.{" "}
        <NextTry breaker={breaker} seenAtMs={seenAtMs} />
      </Text>
      {lastError !== undefined && (
        <Text size="xs" className={classes.why}>
          {lastError}
        </Text>
      )}
    </div>
  );
}

function NextTry({ breaker: { state, retryInMs, ignored }, seenAtMs }: { breaker: BreakerInfo; seenAtMs: number }) {
  if (ignored) return "Calls go there all the same, because most instances fail it.";
  if (state === "trying") return "One call is trying it now.";
  if (retryInMs === 0) return "The next call tries it again.";
  return (
    <>
      Tried again <Ahead time={new Date(seenAtMs + retryInMs).toISOString()} />.
    </>
  );
}
