/** One command: a form made from its schema; running it leads to the execution, whose output comes live. */
import { Button, Code, Stack, Text, Title } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";

import { useAccess } from "../access/access.tsx";
import { formatDuration } from "../app/parts/format.ts";
import { PageHeader } from "../app/parts/page-header.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { RowsLoading } from "../app/parts/rows.tsx";
import { SchemaForm } from "../app/schema-form/schema-form.tsx";
import { LiveExecution } from "../executions/live-execution.tsx";
import { RecentExecutions } from "../executions/recent-executions.tsx";
import classes from "./command-page.module.css";

export function CommandPage() {
  const { name } = useParams({ from: "/commands/$name" });
  const { client, can } = useAccess();
  const { data, error, refetch } = useQuery({ queryKey: ["commands", name], queryFn: () => client.commands.get({ name }) });
  const [executionId, setExecutionId] = useState<string>();
  const run = useMutation({
    // Not waited for: what runs must not depend on this tab staying open.
    mutationFn: (input: Record<string, unknown>) => client.executions.execute({ command: name, input, wait: false }),
    onSuccess: (accepted) => setExecutionId(accepted.executionId),
  });

  if (error !== null && data === undefined)
    return <ProblemAlert error={error} title={`${name} cannot be shown`} onRetry={() => void refetch()} />;
  if (data === undefined) return <RowsLoading />;
  return (
    <>
      <PageHeader title={data.name} about={data.summary} mono />
      <div className={classes.page}>
        <section className={`panel ${classes.form}`} aria-label="Run it">
          {can("executions.run") ? (
            <SchemaForm key={name} schema={data.inputSchema} onSubmit={(input) => run.mutate(input)} nothing="It takes no input.">
              <Button type="submit" leftSection={<IconPlayerPlay size={16} />} loading={run.isPending}>
                Run
              </Button>
            </SchemaForm>
          ) : (
            <Text c="dimmed">Your role may look but not run commands.</Text>
          )}
          <ProblemAlert error={run.error} />
        </section>
        <Stack gap={4} className={classes.about}>
          <Text size="sm" c="dimmed">
            {data.kind}, at most {formatDuration(data.timeoutMs)}
          </Text>
          <Text size="sm" c="dimmed" className="mono" style={{ overflowWrap: "anywhere" }}>
            {data.source}
          </Text>
          {data.argvTemplate !== undefined && <Code block>{data.argvTemplate.join(" ")}</Code>}
          <Code block mt={6}>
            {data.usage.trim()}
          </Code>
        </Stack>
        <div className={classes.runs}>
          {run.data?.cached === true && (
            <Text size="sm" c="dimmed" mb="xs">
              Answered from the cache, with what it gave {formatDuration(run.data.cacheAgeMs ?? 0)} ago.
            </Text>
          )}
          {executionId !== undefined && <LiveExecution executionId={executionId} />}
          <section className="panel" aria-labelledby="recent">
            <Title order={2} id="recent" px="md" pt="sm" pb={4}>
              Recent executions
            </Title>
            <RecentExecutions command={name} />
          </section>
        </div>
      </div>
    </>
  );
}
