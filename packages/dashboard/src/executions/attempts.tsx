/** The tries of one execution on one line of time: how each ended, and how long was waited in between. */
import type { Attempt } from "@gantry/contract";
import { Group, Text, Title } from "@mantine/core";
import { useMemo } from "react";

import { Ahead } from "../app/parts/ago.tsx";
import { formatClock, formatDuration } from "../app/parts/format.ts";
import { StateBadge } from "../app/parts/state-badge.tsx";
import classes from "./attempts.module.css";

/** `dueAt`: when the next attempt begins. */
export function Attempts({ attempts, dueAt }: { attempts: readonly Attempt[]; dueAt: string | null }) {
  const { beginMs, spanMs } = useMemo(() => spanOf(attempts), [attempts]);
  return (
    <section className="panel" aria-labelledby="attempts">
      <Group justify="space-between" px="md" pt="sm" pb={4}>
        <Title order={2} id="attempts">
          Attempts
        </Title>
        {dueAt !== null && (
          <Text size="sm" c="dimmed">
            next <Ahead time={dueAt} />
          </Text>
        )}
      </Group>
      <ol className={classes.attempts}>
        {attempts.map(({ attempt, state, startedAt, endedAt, exitCode, signal, error }) => {
          const fromMs = Date.parse(startedAt);
          const tookMs = endedAt === null ? undefined : Date.parse(endedAt) - fromMs;
          const left = ((fromMs - beginMs) / spanMs) * 100;
          const width = ((tookMs ?? beginMs + spanMs - fromMs) / spanMs) * 100;
          return (
            <li key={attempt} className={classes.attempt}>
              <span className="number">{attempt}.</span>
              <StateBadge state={state} />
              <span
                className={classes.line}
                title={`${formatClock(startedAt)}${tookMs === undefined ? "" : `, ${formatDuration(tookMs)}`}`}
              >
                <span data-state={state} style={{ left: `${left}%`, width: `max(3px, ${width}%)` }} />
              </span>
              <Text size="sm" c="dimmed" className={`number ${classes.told}`}>
                {formatClock(startedAt)}
                {tookMs !== undefined && `, ${formatDuration(tookMs)}`}
                {exitCode !== null && exitCode !== 0 && `, exit ${exitCode}`}
                {signal !== null && `, ${signal}`}
              </Text>
              {error !== null && attempt < attempts.length && (
                <Text size="sm" c="dimmed" className={classes.error} truncate>
                  {error.message}
                </Text>
              )}
            </li>
          );
        })}
      </ol>
    </section>
  );
}

/** From the first start to the last end, which is now while one runs. */
function spanOf(attempts: readonly Attempt[]): { beginMs: number; spanMs: number } {
  const beginMs = Math.min(...attempts.map(({ startedAt }) => Date.parse(startedAt)));
  const endMs = Math.max(...attempts.map(({ endedAt }) => (endedAt === null ? Date.now() : Date.parse(endedAt))));
  return { beginMs, spanMs: Math.max(1, endMs - beginMs) };
}
