/** What became of each tick, newest first; a tick that ran leads to its execution. */
import type { Tick } from "@gantry/contract";
import { Button, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import { useClient } from "../access/access.tsx";
import { Ago } from "../app/parts/ago.tsx";
import { EmptyState } from "../app/parts/empty-state.tsx";
import { formatMoment } from "../app/parts/format.ts";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { Row, rowLink, Rows, RowsLoading } from "../app/parts/rows.tsx";
import { StateBadge } from "../app/parts/state-badge.tsx";
import { usePages } from "../app/parts/use-pages.ts";

const pageSize = 20;

export function TickHistory({ schedule }: { schedule: string }) {
  const client = useClient();
  const { query: ticks, items } = usePages({
    queryKey: ["schedules", "ticks", schedule],
    fetchPage: (page) => client.schedules.ticks({ schedule, limit: pageSize, ...page }),
  });
  if (ticks.error !== null) return <ProblemAlert error={ticks.error} onRetry={() => void ticks.refetch()} />;
  if (items === undefined) return <RowsLoading />;
  if (items.length === 0) return <EmptyState title="It has not ticked yet">Run it now to see that it works.</EmptyState>;
  return (
    <>
      <Rows label="Ticks so far">
        {items.map((tick) => (
          <TickRow key={tick.tick} tick={tick} />
        ))}
      </Rows>
      {ticks.hasNextPage && (
        <Button variant="subtle" m="xs" loading={ticks.isFetchingNextPage} onClick={() => void ticks.fetchNextPage()}>
          Show older ones
        </Button>
      )}
    </>
  );
}

function TickRow({ tick }: { tick: Tick }) {
  const moment = formatMoment(tick.scheduledAt);
  return (
    <Row
      main={
        <>
          {tick.executionId === null ? (
            <Text span fw={550} className="number">
              {moment}
            </Text>
          ) : (
            <Link to="/executions/$id" params={{ id: tick.executionId }} className={`number ${rowLink}`}>
              {moment}
            </Link>
          )}
          {!tick.onSchedule && (
            <Text size="sm" c="dimmed">
              by hand
            </Text>
          )}
          {tick.error !== null && (
            <Text size="sm" c="dimmed" truncate maw={320}>
              {tick.error.message}
            </Text>
          )}
        </>
      }
      facts={
        <>
          <Ago time={tick.scheduledAt} />
          <StateBadge state={tick.state} />
        </>
      }
    />
  );
}
