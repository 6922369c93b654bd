/** The items of a batch in their order, with what each one needs. */
import { type BatchItem, BatchItemState } from "@gantry/contract";
import { Button, Group, Select, Text, Title } from "@mantine/core";
import { keepPreviousData } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { useClient } from "../access/access.tsx";
import { EmptyState } from "../app/parts/empty-state.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { Row, rowLink, Rows, RowsLoading } from "../app/parts/rows.tsx";
import { StateBadge } from "../app/parts/state-badge.tsx";
import { usePages } from "../app/parts/use-pages.ts";

const pageSize = 100;

export function BatchItems({ batchId }: { batchId: string }) {
  const client = useClient();
  const [state, setState] = useState<BatchItemState | null>(null);
  const { query: items, items: shown = [] } = usePages({
    queryKey: ["batches", "items", batchId, state],
    fetchPage: (page) =>
      client.batches.items({
        id: batchId,
        limit: pageSize,
        ...(state === null ? {} : { state }),
        ...page,
      }),
    placeholderData: keepPreviousData,
  });
  return (
    <section className="panel" aria-labelledby="items">
      <Group justify="space-between" px="md" pt="sm" pb={4}>
        <Title order={2} id="items">
          Items
        </Title>
        <Select
          size="xs"
          aria-label="Only items in this state"
          placeholder="Any state"
          data={BatchItemState.options}
          value={state}
          onChange={(value) => setState(BatchItemState.safeParse(value).data ?? null)}
          clearable
          w={150}
        />
      </Group>
      <ProblemAlert error={items.error} onRetry={() => void items.refetch()} />
      {items.isPending && <RowsLoading />}
      {items.isSuccess && shown.length === 0 && <EmptyState title="No item is in this state" />}
      <Rows label="Items">
        {shown.map((item) => (
          <BatchItemRow key={item.index} item={item} />
        ))}
      </Rows>
      {items.hasNextPage && (
        <Button variant="subtle" m="xs" loading={items.isFetchingNextPage} onClick={() => void items.fetchNextPage()}>
          Show more
        </Button>
      )}
    </section>
  );
}

export function BatchItemRow({ item }: { item: BatchItem }) {
  const { id, command, needs, state, executionId, error } = item;
  return (
    <Row
      short={needs.length === 0 && error === null}
      main={
        <>
          {executionId === null ? (
            <Text fw={550} span>
              {id}
            </Text>
          ) : (
            <Link to="/executions/$id" params={{ id: executionId }} className={rowLink}>
              {id}
            </Link>
          )}
          <Text size="sm" c="dimmed" className="mono">
            {command}
          </Text>
          {error !== null && (
            <Text size="sm" c="dimmed" truncate maw={420}>
              {error.message}
            </Text>
          )}
        </>
      }
      facts={
        <>
          {needs.length > 0 && (
            <span title={needs.join(", ")}>
              needs {needs.slice(0, 3).join(", ")}
              {needs.length > 3 && ` and ${needs.length - 3} more`}
            </span>
          )}
          <StateBadge state={state} />
        </>
      }
    />
  );
}
