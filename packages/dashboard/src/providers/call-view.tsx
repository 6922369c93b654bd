/** What a call brought: chunks as they come, then the result and its time, or the error. */
import { Code, Group, Text, Title } from "@mantine/core";

import { formatDuration, plural } from "../app/parts/format.ts";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { StateBadge } from "../app/parts/state-badge.tsx";
import classes from "./call-view.module.css";
import { readChunks } from "./chunk-text.ts";
import type { Call } from "./use-call.ts";

const badges: Record<Call["state"], string> = { running: "running", done: "succeeded", failed: "failed", cancelled: "cancelled" };

export function CallView({ call }: { call: Call }) {
  const { state, chunks, droppedChunks, firstChunkMs, durationMs, instance, result, error } = call;
  return (
    <section aria-label="Answer" aria-live="polite">
      <Group gap="sm" mb={8}>
        <Title order={2}>{call.method}</Title>
        <StateBadge state={badges[state]} />
        <Text size="sm" c="dimmed" className="number">
          {[
            durationMs !== undefined && formatDuration(durationMs),
            firstChunkMs !== undefined && `first chunk after ${formatDuration(firstChunkMs)}`,
            chunks.length > 0 && plural(chunks.length + droppedChunks, "chunk"),
            instance !== undefined && `by ${instance}`,
          ]
            .filter((part) => part !== false)
            .join(" · ")}
        </Text>
      </Group>
      {chunks.length > 0 && <div className={classes.chunks}>{readChunks(chunks)}</div>}
      {state === "done" && result !== undefined && result !== null && (
        <Code block className={classes.result}>
          {typeof result === "string" ? result : JSON.stringify(result, null, 2)}
        </Code>
      )}
      {state === "done" && chunks.length === 0 && (result === undefined || result === null) && (
        <Text c="dimmed">It answered with nothing.</Text>
      )}
      <ProblemAlert error={error} />
    </section>
  );
}
