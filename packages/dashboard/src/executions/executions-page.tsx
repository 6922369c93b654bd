/** The history: every execution there was, newest first, filtered by command and state. */
import { ExecutionState } from "@gantry/contract";
import { Button, Group, Select, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { keepPreviousData } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";

import { useClient } from "../access/access.tsx";
import { EmptyState } from "../app/parts/empty-state.tsx";
import { PageHeader } from "../app/parts/page-header.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { RowsLoading } from "../app/parts/rows.tsx";
import { usePages } from "../app/parts/use-pages.ts";
import { ExecutionRows } from "./execution-rows.tsx";
import { Queues } from "./queues.tsx";

const pageSize = 50;
const typingPauseMs = 300;

export function ExecutionsPage() {
  const client = useClient();
  const { command, state } = useSearch({ from: "/executions" });
  const navigate = useNavigate({ from: "/executions" });
  const [typed, setTyped] = useState(command ?? "");
  const known = ExecutionState.safeParse(state).data;

  const filterCommand = useDebouncedCallback((text: string) => {
    void navigate({ search: (before) => ({ ...before, command: text.trim() === "" ? undefined : text.trim() }), replace: true });
  }, typingPauseMs);

  const { query: executions, items = [] } = usePages({
    queryKey: ["executions", "list", command, known],
    fetchPage: (page) =>
      client.executions.list({
        limit: pageSize,
        ...(command === undefined ? {} : { command }),
        ...(known === undefined ? {} : { state: known }),
        ...page,
      }),
    placeholderData: keepPreviousData,
  });
  const filtered = command !== undefined || known !== undefined;

  return (
    <>
      <PageHeader title="History" about="Every execution, kept across restarts." />
      <Queues />
      <Group mb="md" gap="xs">
        <TextInput
          type="search"
          aria-label="Only this command"
          placeholder="Command, exactly"
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            filterCommand(event.currentTarget.value);
          }}
          flex="1 1 200px"
          maw={320}
        />
        <Select
          aria-label="Only this state"
          placeholder="Any state"
          data={ExecutionState.options}
          value={known ?? null}
          onChange={(value) => void navigate({ search: (before) => ({ ...before, state: value ?? undefined }), replace: true })}
          clearable
          w={170}
        />
      </Group>
      <section className="panel" aria-label="Executions">
        {executions.isPending && <RowsLoading />}
        {executions.error !== null && <ProblemAlert error={executions.error} onRetry={() => void executions.refetch()} />}
        {executions.isSuccess && items.length === 0 && <Nothing filtered={filtered} />}
        <ExecutionRows executions={items} />
      </section>
      {executions.hasNextPage && (
        <Button variant="default" mt="md" loading={executions.isFetchingNextPage} onClick={() => void executions.fetchNextPage()}>
          Show older ones
        </Button>
      )}
    </>
  );
}

function Nothing({ filtered }: { filtered: boolean }) {
  return filtered ? (
    <EmptyState title="Nothing matches">Empty the filters to see all of the history.</EmptyState>
  ) : (
    <EmptyState title="Nothing has run yet" commands={["npx gantry run greet --name Ada", "npx gantry history"]}>
      Run a command here under Commands, or in a terminal:
    </EmptyState>
  );
}
