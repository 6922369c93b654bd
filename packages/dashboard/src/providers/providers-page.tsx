/** Who offers methods and models here, and how each is doing. */
import { Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { useClient } from "../access/access.tsx";
import { EmptyState } from "../app/parts/empty-state.tsx";
import { formatDuration, plural } from "../app/parts/format.ts";
import { PageHeader } from "../app/parts/page-header.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { Row, rowLink, Rows, RowsLoading } from "../app/parts/rows.tsx";
import { StateBadge } from "../app/parts/state-badge.tsx";
import { Models } from "./models.tsx";

const listLimit = 1000;

export function ProvidersPage() {
  const client = useClient();
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["providers", "list"],
    queryFn: () => client.providers.list({ limit: listLimit }),
  });
  return (
    <>
      <PageHeader title="Providers" about="Programs that dial in and offer methods and models. Choose one to call it." />
      {error !== null && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      <section className="panel" aria-label="Providers">
        {isPending && <RowsLoading />}
        {data?.items.length === 0 && (
          <EmptyState
            title="No provider has dialled in"
            commands={[
              "node examples/calculator-ts/provider.ts",
              `GANTRY_URL=${location.origin} GANTRY_KEY=… python3 examples/calculator-python/provider.py`,
            ]}
          >
            Start one. Here it needs no key; from elsewhere, or in another language, it needs the address and a key of role provider:
          </EmptyState>
        )}
        <Rows label="Providers">
          {data?.items.map((provider) => (
            <Row
              key={provider.name}
              main={
                <>
                  <Link to="/providers/$name" params={{ name: provider.name }} className={rowLink}>
                    {provider.name}
                  </Link>
                  <Text c="dimmed" size="sm">
                    {provider.description}
                  </Text>
                </>
              }
              facts={
                <>
                  <span className="number">{plural(provider.instances, "instance")}</span>
                  <span className="number">{plural(provider.calls, "call")}</span>
                  {provider.waiting > 0 && <span className="number">{provider.waiting} waiting</span>}
                  {provider.supervision?.some(({ state }) => state === "waiting") === true && (
                    <Text c="red" inherit span>
                      ends by itself
                    </Text>
                  )}
                  {provider.openBreakers > 0 && (
                    <Text c="red" inherit span className="number">
                      {plural(provider.openBreakers, "breaker")} open
                    </Text>
                  )}
                  {provider.failures > 0 && <span className="number">{provider.failures} failed</span>}
                  {provider.latencyMs !== undefined && <span className="number">{formatDuration(provider.latencyMs)}</span>}
                  <span>{provider.kind}</span>
                  <StateBadge state={provider.state} />
                </>
              }
            />
          ))}
        </Rows>
      </section>
      <Models />
    </>
  );
}
