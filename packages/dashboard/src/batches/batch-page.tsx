/** One batch: its progress as it happens, what failed first, then every item with what it needs. */
import { Button, Code, Group, Stack, Text, Title } from "@mantine/core";
import { IconPlayerStop } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";

import { useAccess } from "../access/access.tsx";
import { Ago } from "../app/parts/ago.tsx";
import { Fact, Facts } from "../app/parts/facts.tsx";
import { formatDuration } from "../app/parts/format.ts";
import { PageHeader } from "../app/parts/page-header.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { Rows, RowsLoading } from "../app/parts/rows.tsx";
import { StateBadge } from "../app/parts/state-badge.tsx";
import { BatchItemRow, BatchItems } from "./batch-items.tsx";
import { BatchProgress } from "./batch-progress.tsx";

export function BatchPage() {
  const { id } = useParams({ from: "/batches/$id" });
  const { client, can } = useAccess();
  const queries = useQueryClient();
  const { data, error, refetch } = useQuery({ queryKey: ["batches", "one", id], queryFn: () => client.batches.get({ id }) });
  const cancel = useMutation({
    mutationFn: () => client.batches.cancel({ id }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["batches"] }),
  });
  if (error !== null && data === undefined)
    return <ProblemAlert error={error} title="This batch cannot be shown" onRetry={() => void refetch()} />;
  if (data === undefined) return <RowsLoading />;
  return (
    <>
      <PageHeader
        title={data.name ?? "Batch"}
        about={
          <Group gap="4px 10px" component="span">
            <StateBadge state={data.state} />
            <span className="mono" style={{ fontSize: 13 }}>
              {data.batchId}
            </span>
          </Group>
        }
      >
        {data.state === "running" && can("executions.control") && (
          <Button
            color="red"
            variant="light"
            leftSection={<IconPlayerStop size={16} />}
            loading={cancel.isPending}
            onClick={() => cancel.mutate()}
          >
            Cancel
          </Button>
        )}
      </PageHeader>
      <Stack gap="md">
        <ProblemAlert error={cancel.error} />
        <BatchProgress counts={data.counts} words />
        <Facts>
          <Fact name="Begun" value={<Ago time={data.createdAt} />} />
          <Fact name="Took" value={data.durationMs === null ? "–" : formatDuration(data.durationMs)} />
          <Fact name="At once" value={data.concurrency} />
          <Fact name="After a failure" value={data.stopOnError ? "begins no more" : "goes on"} />
          <Fact name="By" value={data.owner} mono />
        </Facts>
        {data.failures.length > 0 && (
          <section className="panel" aria-labelledby="failures">
            <Title order={2} id="failures" px="md" pt="sm" pb={4}>
              What failed
            </Title>
            <Rows label="What failed">
              {data.failures.map((item) => (
                <BatchItemRow key={item.index} item={item} />
              ))}
            </Rows>
          </section>
        )}
        <BatchItems batchId={id} />
        <Text size="sm" c="dimmed">
          In a terminal: <Code>gantry batch watch {id}</Code>
        </Text>
      </Stack>
    </>
  );
}
