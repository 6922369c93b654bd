/** One provider: its instances, its health as measured now, and a form to call each of its methods. */
import { Badge, Grid, Group, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";

import { useAccess } from "../access/access.tsx";
import { Lasting } from "../app/parts/ago.tsx";
import { PageHeader } from "../app/parts/page-header.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { RowsLoading } from "../app/parts/rows.tsx";
import { StateBadge } from "../app/parts/state-badge.tsx";
import { Instances } from "./instances.tsx";
import { InvokePanel } from "./invoke-panel.tsx";
import { Supervision } from "./supervision.tsx";

const refreshMs = 3_000;

export function ProviderPage() {
  const { name } = useParams({ from: "/providers/$name" });
  const { client, can } = useAccess();
  const { data, dataUpdatedAt, error, refetch } = useQuery({
    queryKey: ["providers", "one", name],
    queryFn: () => client.providers.get({ name }),
    // Calls tell only their end; loads, waits, and pauses change without one.
    refetchInterval: refreshMs,
  });
  if (error !== null && data === undefined)
    return <ProblemAlert error={error} title={`${name} cannot be shown`} onRetry={() => void refetch()} />;
  if (data === undefined) return <RowsLoading />;
  return (
    <>
      <PageHeader
        title={data.name}
        about={
          <Stack gap={6}>
            <span>{data.description}</span>
            <Group gap={10}>
              <StateBadge state={data.state} />
              <Text size="sm" span>
                {data.kind} · version {data.version} · {data.state === "offline" ? "away" : "here"} <Lasting since={data.since} />
                {data.lastReason !== undefined && ` · ${data.lastReason}`}
              </Text>
            </Group>
          </Stack>
        }
      />
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 7 }}>
          {can("providers.call") ? <InvokePanel provider={data} /> : <Text c="dimmed">Your role may look but not call providers.</Text>}
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack gap="lg">
            <Instances provider={data} seenAtMs={dataUpdatedAt} />
            {data.supervision !== undefined && <Supervision name={name} instances={data.supervision} />}
            {data.models.length > 0 && (
              <section aria-labelledby="models">
                <Title order={2} id="models" mb={6}>
                  Models
                </Title>
                <Group gap={6}>
                  {data.models.map(({ id }) => (
                    <Badge key={id} variant="default" tt="none" className="mono" fw={400}>
                      {id}
                    </Badge>
                  ))}
                </Group>
              </section>
            )}
            {data.capabilities.length > 0 && (
              <section aria-labelledby="capabilities">
                <Title order={2} id="capabilities" mb={6}>
                  Capabilities
                </Title>
                <Group gap={6}>
                  {data.capabilities.map((capability) => (
                    <Badge key={capability} variant="default" tt="none" fw={400}>
                      {capability}
                    </Badge>
                  ))}
                </Group>
              </section>
            )}
          </Stack>
        </Grid.Col>
      </Grid>
    </>
  );
}
