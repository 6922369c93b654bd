/** One schedule: when it ticks next, what became of each tick, and everything that can be done with it. */
import type { Schedule } from "@gantry/contract";
import { Anchor, Code, Grid, Group, Modal, Stack, Text, Title } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";

import { useClient } from "../access/access.tsx";
import { Fact, Facts } from "../app/parts/facts.tsx";
import { formatDuration } from "../app/parts/format.ts";
import { PageHeader } from "../app/parts/page-header.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { RowsLoading } from "../app/parts/rows.tsx";
import { StateBadge } from "../app/parts/state-badge.tsx";
import { describeTiming } from "./describe-timing.ts";
import { NextTicks } from "./next-ticks.tsx";
import { ScheduleActions } from "./schedule-actions.tsx";
import { ScheduleForm } from "./schedule-form.tsx";
import { TickHistory } from "./tick-history.tsx";

export function SchedulePage() {
  const { name } = useParams({ from: "/schedules/$name" });
  const client = useClient();
  const [editing, edit] = useDisclosure(false);
  const { data, error, refetch } = useQuery({
    queryKey: ["schedules", "one", name],
    queryFn: () => client.schedules.get({ schedule: name }),
  });
  if (error !== null && data === undefined)
    return <ProblemAlert error={error} title={`${name} cannot be shown`} onRetry={() => void refetch()} />;
  if (data === undefined) return <RowsLoading />;
  return (
    <>
      <PageHeader
        title={data.name}
        about={
          <Group gap="4px 10px" component="span">
            <StateBadge state={data.state} />
            <span className="mono" style={{ fontSize: 13 }}>
              {describeTiming(data)}
            </span>
          </Group>
        }
      >
        <ScheduleActions schedule={data} onEdit={edit.open} />
      </PageHeader>
      <Stack gap="md">
        <ScheduleFacts schedule={data} />
        <Grid gap="md">
          <Grid.Col span={{ base: 12, md: 7 }}>
            <section className="panel" aria-labelledby="ticks">
              <Title order={2} id="ticks" px="md" pt="sm" pb={4}>
                Ticks so far
              </Title>
              <TickHistory schedule={data.name} />
            </section>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: "auto" }}>
            <section className="panel" aria-labelledby="next">
              <Group justify="space-between" px="md" pt="sm" pb={4}>
                <Title order={2} id="next">
                  Ticks to come
                </Title>
                {data.state === "paused" && (
                  <Text size="xs" c="dimmed">
                    once it is resumed
                  </Text>
                )}
              </Group>
              <NextTicks schedule={data.name} />
            </section>
          </Grid.Col>
        </Grid>
        <Text size="sm" c="dimmed">
          In a terminal: <Code>gantry schedule show {data.name}</Code> ·{" "}
          <Anchor component={Link} to="/executions" search={{ command: data.command } as never} size="sm">
            all executions of {data.command}
          </Anchor>
        </Text>
      </Stack>
      <Modal opened={editing} onClose={edit.close} title={`Change ${data.name}`} size="lg" centered>
        <ScheduleForm schedule={data} onDone={edit.close} />
      </Modal>
    </>
  );
}

const overlaps: Record<Schedule["overlap"], string> = {
  skip: "leaves a tick out",
  queueOne: "holds one tick back",
  allow: "runs both",
  cancelPrevious: "cancels the run before",
};

function ScheduleFacts({ schedule }: { schedule: Schedule }) {
  const { command, input, argv, overlap, misfire, misfireMax, catchUpMs, jitterMs, timeoutMs, owner, source, cwd } = schedule;
  const words = argv ?? (input === null || Object.keys(input).length === 0 ? [] : [JSON.stringify(input)]);
  return (
    <Facts>
      <Fact
        name="Runs"
        mono
        wide
        value={
          <>
            <Anchor component={Link} to="/commands/$name" params={{ name: command } as never} inherit>
              {command}
            </Anchor>{" "}
            {words.join(" ")}
          </>
        }
      />
      <Fact name="While one runs" value={overlaps[overlap]} />
      <Fact
        name="Missed ticks"
        value={
          misfire === "skip"
            ? "left out"
            : `${misfire === "all" ? `up to ${misfireMax}` : "the latest"}, within ${formatDuration(catchUpMs)}`
        }
      />
      {jitterMs > 0 && <Fact name="Spread over" value={formatDuration(jitterMs)} />}
      {timeoutMs !== null && <Fact name="Ended after" value={formatDuration(timeoutMs)} />}
      <Fact name="Made by" value={source === "configuration" ? "gantry.toml" : owner} mono={source !== "configuration"} />
      {cwd !== null && <Fact name="In" value={cwd} mono wide />}
    </Facts>
  );
}
