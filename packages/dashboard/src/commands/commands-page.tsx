/** What can be run here, and the modules that failed to load. */
import { Alert, Stack, Text, TextInput } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { useClient } from "../access/access.tsx";
import { EmptyState } from "../app/parts/empty-state.tsx";
import { PageHeader } from "../app/parts/page-header.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { Row, rowLink, Rows, RowsLoading } from "../app/parts/rows.tsx";

const listLimit = 1000;

export function CommandsPage() {
  const client = useClient();
  const [find, setFind] = useState("");
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["commands"],
    queryFn: () => client.commands.list({ limit: listLimit }),
  });
  const wanted = find.trim().toLowerCase();
  const shown = data?.items.filter(({ name, summary }) => `${name} ${summary}`.toLowerCase().includes(wanted)) ?? [];

  return (
    <>
      <PageHeader title="Commands" about="Choose one to run it with a form and watch its output." />
      <Stack gap="md">
        {error !== null && <ProblemAlert error={error} onRetry={() => void refetch()} />}
        {data?.problems.map(({ source, message }) => (
          <Alert key={source} color="yellow" icon={<IconAlertTriangle size={18} />} title={`${source} could not be loaded`}>
            <Text size="sm" className="mono" style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
              {message}
            </Text>
          </Alert>
        ))}
        {(data?.items.length ?? 0) > 0 && (
          <TextInput
            type="search"
            aria-label="Find a command"
            placeholder="Find a command"
            value={find}
            onChange={(event) => setFind(event.currentTarget.value)}
            maw={320}
          />
        )}
        <section className="panel" aria-label="Commands">
          {isPending && <RowsLoading />}
          {data?.items.length === 0 && (
            <EmptyState title="No commands yet" commands={["npx gantry config show --origin"]}>
              Add a module under [commands] or a program under [command.name] in gantry.toml, then restart. This shows which file is read:
            </EmptyState>
          )}
          {data !== undefined && data.items.length > 0 && shown.length === 0 && <EmptyState title={`No command has “${find}” in it`} />}
          <Rows label="Commands">
            {shown.map(({ name, summary, kind, source }) => (
              <Row
                key={name}
                main={
                  <>
                    <Link to="/commands/$name" params={{ name }} className={`mono ${rowLink}`}>
                      {name}
                    </Link>
                    <Text c="dimmed" size="sm">
                      {summary}
                    </Text>
                  </>
                }
                facts={
                  <>
                    <span title={source}>{source.split("/").at(-1)}</span>
                    <span>{kind}</span>
                  </>
                }
              />
            ))}
          </Rows>
        </section>
      </Stack>
    </>
  );
}
