/** The first page: who this instance is, how it is doing, and what just happened. */
import { Grid, Group, Skeleton, Stack, Text, Title } from "@mantine/core";

import { useAccess } from "../access/access.tsx";
import { formatDuration } from "../app/parts/format.ts";
import { PageHeader } from "../app/parts/page-header.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { StateBadge } from "../app/parts/state-badge.tsx";
import { RecentExecutions } from "../executions/recent-executions.tsx";
import { Counts } from "./counts.tsx";
import { InstanceFacts } from "./instance-facts.tsx";
import { LoadPanels } from "./load-panels.tsx";
import { useStatus } from "./load-samples.ts";
import { RecentEvents } from "./recent-events.tsx";

export function OverviewPage() {
  const { can } = useAccess();
  const { data: status, error, refetch } = useStatus();
  return (
    <>
      <PageHeader
        title="Overview"
        about={
          status !== undefined && (
            <Group gap="4px 10px" component="span" fz="sm">
              <StateBadge state={status.draining ? "draining" : "ok"} />
              <span className="number">
                up {formatDuration(status.uptimeSeconds * 1000)} · {status.url} · version {status.version}
              </span>
            </Group>
          )
        }
      />
      <Stack gap="md">
        {error !== null && <ProblemAlert error={error} title="The instance did not tell its status" onRetry={() => void refetch()} />}
        {status === undefined ? error === null && <Skeleton height={86} /> : <Counts status={status} />}
        <LoadPanels />
        <Grid gap="md">
          {can("executions.read") && (
            <Grid.Col span={{ base: 12, md: 7 }}>
              <section className="panel" aria-labelledby="recent-executions">
                <Title order={2} id="recent-executions" px="md" pt="sm" pb={4}>
                  Recent executions
                </Title>
                <RecentExecutions />
              </section>
            </Grid.Col>
          )}
          <Grid.Col span={{ base: 12, md: "auto" }}>
            <section className="panel" aria-labelledby="recent-events">
              <Group justify="space-between" px="md" pt="sm" pb={4}>
                <Title order={2} id="recent-events">
                  Events
                </Title>
                <Text size="xs" c="dimmed">
                  since you opened this page
                </Text>
              </Group>
              <RecentEvents />
            </section>
          </Grid.Col>
        </Grid>
        {status !== undefined && <InstanceFacts status={status} />}
      </Stack>
    </>
  );
}
