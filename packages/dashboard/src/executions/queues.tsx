/** What waits where, and the switch that holds a queue back. Out of sight while the one queue there is has nothing to tell. */
import type { Queue } from "@gantry/contract";
import { Button, Group, Progress, Text, Title } from "@mantine/core";
import { IconPlayerPause, IconPlayerPlay } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { useAccess } from "../access/access.tsx";
import { Ago } from "../app/parts/ago.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { Row, Rows } from "../app/parts/rows.tsx";
import { StateBadge } from "../app/parts/state-badge.tsx";
import classes from "./queues.module.css";

export function Queues() {
  const { client } = useAccess();
  // Executions that come and go change the loads, so this counts as theirs.
  const { data, error } = useQuery({ queryKey: ["executions", "queues"], queryFn: () => client.queues.list() });
  if (error !== null) return <ProblemAlert error={error} />;
  if (data === undefined || !data.items.some(isTelling)) return null;
  return (
    <section className="panel" aria-labelledby="queues" style={{ marginBottom: "var(--mantine-spacing-md)" }}>
      <Group justify="space-between" px="md" pt="sm" pb={4}>
        <Title order={2} id="queues">
          Queues
        </Title>
        <Text size="xs" c="dimmed" className="number">
          at most {data.limits.maxConcurrent} at once in all
        </Text>
      </Group>
      <Rows label="Queues">
        {data.items.map((queue) => (
          <QueueRow key={queue.name} queue={queue} instanceLimit={data.limits.maxConcurrent} />
        ))}
      </Rows>
    </section>
  );
}

function isTelling({ name, paused, queued, scheduled, maxConcurrent }: Queue): boolean {
  return name !== "default" || paused || queued > 0 || scheduled > 0 || maxConcurrent !== null;
}

function QueueRow({ queue, instanceLimit }: { queue: Queue; instanceLimit: number }) {
  const { client, can } = useAccess();
  const queries = useQueryClient();
  const { name, paused, running, queued, scheduled, maxConcurrent, maxQueued, oldestQueuedAt } = queue;
  const turn = useMutation({
    mutationFn: () => (paused ? client.queues.resume({ name }) : client.queues.pause({ name })),
    onSettled: () =>
      Promise.all([queries.invalidateQueries({ queryKey: ["executions"] }), queries.invalidateQueries({ queryKey: ["instances"] })]),
  });
  const limit = maxConcurrent ?? instanceLimit;
  return (
    <Row
      main={
        <>
          <Text fw={550} className="mono">
            {name}
          </Text>
          {turn.error !== null && (
            <Text size="sm" c="red">
              {turn.error.message}
            </Text>
          )}
        </>
      }
      facts={
        <>
          {oldestQueuedAt !== null && (
            <span>
              oldest <Ago time={oldestQueuedAt} />
            </span>
          )}
          {scheduled > 0 && <span className="number">{scheduled} later</span>}
          <span className="number">
            {queued}
            {maxQueued !== null && `/${maxQueued}`} waiting
          </span>
          <span className={classes.load}>
            <Progress value={(running / limit) * 100} size={6} aria-label={`${running} of ${limit} run`} />
          </span>
          <span className="number">
            {running}/{limit} running
          </span>
          <StateBadge state={paused ? "paused" : running > 0 ? "running" : "idle"} />
          {can("queues.control") && (
            <Button
              size="compact-sm"
              variant="default"
              w={108}
              leftSection={paused ? <IconPlayerPlay size={14} /> : <IconPlayerPause size={14} />}
              loading={turn.isPending}
              onClick={() => turn.mutate()}
              aria-label={`${paused ? "Resume" : "Pause"} ${name}`}
            >
              {paused ? "Resume" : "Pause"}
            </Button>
          )}
        </>
      }
    />
  );
}
