/** One execution: how it stands, its output as it comes, what went in and what came out. */
import { Anchor, Button, Code, Group, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";

import { useAccess } from "../access/access.tsx";
import { PageHeader } from "../app/parts/page-header.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { RowsLoading } from "../app/parts/rows.tsx";
import { StateBadge } from "../app/parts/state-badge.tsx";
import { Attempts } from "./attempts.tsx";
import { CancelButton, isUnfinished } from "./cancel-button.tsx";
import { FailureView } from "./failure-view.tsx";
import { ExecutionFacts } from "./execution-facts.tsx";
import { OutputView } from "./output-view.tsx";
import { ProgressLine } from "./progress-line.tsx";
import { RetryButton } from "./retry-button.tsx";

export function ExecutionPage() {
  const { id } = useParams({ from: "/executions/$id" });
  const { client } = useAccess();
  const { data, error, refetch } = useQuery({ queryKey: ["executions", "one", id], queryFn: () => client.executions.get({ id }) });

  if (error !== null && data === undefined)
    return <ProblemAlert error={error} title="This execution cannot be shown" onRetry={() => void refetch()} />;
  if (data === undefined) return <RowsLoading />;
  const running = isUnfinished(data.state);
  return (
    <>
      <PageHeader
        title={data.command}
        about={
          <Group gap={10} component="span">
            <StateBadge state={data.state} />
            <span className="mono" style={{ fontSize: 13 }}>
              {data.executionId}
            </span>
          </Group>
        }
      >
        {running && <CancelButton id={id} />}
        {!running && <RetryButton id={id} />}
        <Button variant="default" component={Link} to="/commands/$name" params={{ name: data.command } as never}>
          The command
        </Button>
      </PageHeader>
      <Stack gap="md">
        <ExecutionFacts execution={data} />
        {running && <ProgressLine executionId={id} />}
        {data.attempts.length > 1 && <Attempts attempts={data.attempts} dueAt={data.state === "scheduled" ? data.dueAt : null} />}
        {data.error !== null && <FailureView failure={data.error} />}
        <section aria-labelledby="output">
          <Title order={2} id="output" mb={6}>
            Output
          </Title>
          <OutputView executionId={id} />
        </section>
        {data.result !== null && data.result !== undefined && <Json title="Result" value={data.result} />}
        {Object.keys(data.input).length > 0 && <Json title="Input" value={data.input} />}
        <Text size="sm" c="dimmed">
          In a terminal: <Code>gantry output -f {id}</Code> ·{" "}
          <Anchor component={Link} to="/executions" search={{ command: data.command } as never} size="sm">
            all executions of this command
          </Anchor>
        </Text>
      </Stack>
    </>
  );
}

function Json({ title, value }: { title: string; value: unknown }) {
  return (
    <section>
      <Title order={2} mb={6}>
        {title}
      </Title>
      <Code block>{JSON.stringify(value, null, 2)}</Code>
    </section>
  );
}
