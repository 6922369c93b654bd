/** Commands at times: when each ran last, when it runs next. */
import type { ScheduleSummary } from "@gantry/contract";
import { Button, Modal, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";

import { useAccess } from "../access/access.tsx";
import { Ago, Ahead } from "../app/parts/ago.tsx";
import { EmptyState } from "../app/parts/empty-state.tsx";
import { PageHeader } from "../app/parts/page-header.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { Row, rowLink, Rows, RowsLoading } from "../app/parts/rows.tsx";
import { StateBadge } from "../app/parts/state-badge.tsx";
import { describeTiming } from "./describe-timing.ts";
import { ScheduleForm } from "./schedule-form.tsx";

const listLimit = 1000;

export function SchedulesPage() {
  const { client, can } = useAccess();
  const navigate = useNavigate();
  const [creating, create] = useDisclosure(false);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["schedules", "list"],
    queryFn: () => client.schedules.list({ limit: listLimit }),
  });
  return (
    <>
      <PageHeader title="Schedules" about="Commands at times. A tick is never run twice, whatever restarts in between.">
        {can("executions.run") && (
          <Button leftSection={<IconPlus size={16} />} onClick={create.open}>
            New schedule
          </Button>
        )}
      </PageHeader>
      {error !== null && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      <section className="panel" aria-label="Schedules">
        {isPending && <RowsLoading />}
        {data?.items.length === 0 && (
          <EmptyState title="No schedules yet" commands={["npx gantry schedule create --cron '30 2 * * *' nightly greet --name Ada"]}>
            Make one here, in gantry.toml under [schedule.name], or in a terminal:
          </EmptyState>
        )}
        <Rows label="Schedules">
          {data?.items.map((schedule) => (
            <ScheduleRow key={schedule.scheduleId} schedule={schedule} />
          ))}
        </Rows>
      </section>
      <Modal opened={creating} onClose={create.close} title="New schedule" size="lg" centered>
        <ScheduleForm onDone={({ name }) => void navigate({ to: "/schedules/$name", params: { name } })} />
      </Modal>
    </>
  );
}

function ScheduleRow({ schedule }: { schedule: ScheduleSummary }) {
  const { name, command, nextAt, lastTick, state } = schedule;
  return (
    <Row
      main={
        <>
          <Link to="/schedules/$name" params={{ name }} className={rowLink}>
            {name}
          </Link>
          <Text c="dimmed" size="sm" truncate maw="100%">
            <span className="mono">{command}</span> · {describeTiming(schedule)}
          </Text>
        </>
      }
      facts={
        <>
          {lastTick !== null && (
            <span>
              {lastTick.state} <Ago time={lastTick.endedAt ?? lastTick.scheduledAt} />
            </span>
          )}
          {nextAt !== null && state === "active" && (
            <span>
              next <Ahead time={nextAt} />
            </span>
          )}
          <StateBadge state={state} />
        </>
      }
    />
  );
}
