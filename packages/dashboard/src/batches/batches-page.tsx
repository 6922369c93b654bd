/** Many commands submitted together: how far each batch is. */
import { BatchState, type BatchSummary } from "@gantry/contract";
import { Button, Modal, Select, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { keepPreviousData } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { useAccess } from "../access/access.tsx";
import { Ago } from "../app/parts/ago.tsx";
import { EmptyState } from "../app/parts/empty-state.tsx";
import { formatDuration, shorten } from "../app/parts/format.ts";
import { PageHeader } from "../app/parts/page-header.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { Row, rowLink, Rows, RowsLoading } from "../app/parts/rows.tsx";
import { StateBadge } from "../app/parts/state-badge.tsx";
import { usePages } from "../app/parts/use-pages.ts";
import { BatchProgress, doneOf } from "./batch-progress.tsx";
import classes from "./batches-page.module.css";
import { StartBatch } from "./start-batch.tsx";

const pageSize = 50;

export function BatchesPage() {
  const { client, can } = useAccess();
  const navigate = useNavigate();
  const [starting, start] = useDisclosure(false);
  const [state, setState] = useState<BatchState | null>(null);
  const { query: batches, items = [] } = usePages({
    queryKey: ["batches", "list", state],
    fetchPage: (page) =>
      client.batches.list({
        limit: pageSize,
        ...(state === null ? {} : { state }),
        ...page,
      }),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <PageHeader title="Batches" about="Many commands as one, with an order between them. They go on after a restart.">
        {can("executions.run") && (
          <Button leftSection={<IconPlus size={16} />} onClick={start.open}>
            New batch
          </Button>
        )}
      </PageHeader>
      <Select
        aria-label="Only this state"
        placeholder="Any state"
        data={BatchState.options}
        value={state}
        onChange={(value) => setState(BatchState.safeParse(value).data ?? null)}
        clearable
        w={170}
        mb="md"
      />
      {batches.error !== null && <ProblemAlert error={batches.error} onRetry={() => void batches.refetch()} />}
      <section className="panel" aria-label="Batches">
        {batches.isPending && <RowsLoading />}
        {batches.isSuccess && items.length === 0 && <Nothing filtered={state !== null} />}
        <Rows label="Batches">
          {items.map((batch) => (
            <BatchRow key={batch.batchId} batch={batch} />
          ))}
        </Rows>
      </section>
      {batches.hasNextPage && (
        <Button variant="default" mt="md" loading={batches.isFetchingNextPage} onClick={() => void batches.fetchNextPage()}>
          Show older ones
        </Button>
      )}
      <Modal opened={starting} onClose={start.close} title="New batch" size="lg" centered>
        <StartBatch onDone={({ batchId }) => void navigate({ to: "/batches/$id", params: { id: batchId } })} />
      </Modal>
    </>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  return filtered ? (
    <EmptyState title="Nothing matches">Choose another state to see the others.</EmptyState>
  ) : (
    <EmptyState title="No batches yet" commands={["npx gantry batch run examples/batches/greetings.jsonl"]}>
      Paste or drop a file of JSON lines or CSV here, or run one in a terminal:
    </EmptyState>
  );
}

function BatchRow({ batch }: { batch: BatchSummary }) {
  const { batchId, name, counts, durationMs, createdAt, state } = batch;
  return (
    <Row
      main={
        <>
          <Link to="/batches/$id" params={{ id: batchId }} className={rowLink}>
            {name ?? shorten(batchId)}
          </Link>
          {counts.failed > 0 && (
            <Text size="sm" c="dimmed" className="number">
              {counts.failed} failed
            </Text>
          )}
        </>
      }
      facts={
        <>
          <span className={classes.bar}>
            <BatchProgress counts={counts} size="sm" />
          </span>
          <span className="number">
            {doneOf(counts)}/{counts.total}
          </span>
          {durationMs !== null && <span className="number">{formatDuration(durationMs)}</span>}
          <Ago time={createdAt} />
          <StateBadge state={state} />
        </>
      }
    />
  );
}
