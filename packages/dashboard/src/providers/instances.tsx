/** The instances of a provider, with a health check that is measured when asked for. */
import type { ProviderDetail } from "@gantry/contract";
import { Button, Group, Text, Title } from "@mantine/core";
import { IconHeartbeat } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";

import { useClient } from "../access/access.tsx";
import { EmptyState } from "../app/parts/empty-state.tsx";
import { formatDuration, plural } from "../app/parts/format.ts";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { Row, Rows } from "../app/parts/rows.tsx";
import { StateBadge } from "../app/parts/state-badge.tsx";
import { BreakerNote } from "./breaker-note.tsx";

/** `seenAtMs`: when the daemon told what is shown. */
export function Instances({ provider, seenAtMs }: { provider: ProviderDetail; seenAtMs: number }) {
  const client = useClient();
  const check = useMutation({ mutationFn: () => client.providers.health({ name: provider.name }) });
  const health = new Map(check.data?.instances.map((instance) => [instance.instance, instance]));
  return (
    <section aria-labelledby="instances">
      <Group justify="space-between" mb={8}>
        <Title order={2} id="instances">
          Instances
        </Title>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconHeartbeat size={15} />}
          loading={check.isPending}
          onClick={() => check.mutate()}
        >
          Check health
        </Button>
      </Group>
      {check.error !== null && <ProblemAlert error={check.error} />}
      {check.data !== undefined && (
        <Text size="sm" mb={8} role="status">
          <StateBadge state={check.data.status} /> measured in <strong className="number">{formatDuration(check.data.durationMs)}</strong>
        </Text>
      )}
      {provider.waiting > 0 && (
        <Text size="sm" mb={8} role="status">
          {plural(provider.waiting, "call")} {provider.waiting === 1 ? "waits" : "wait"} for a free slot.
        </Text>
      )}
      <div className="panel">
        {provider.instances.length === 0 && <EmptyState title="None connected">{provider.lastReason}</EmptyState>}
        <Rows label="Instances">
          {provider.instances.map((instance) => {
            const checked = health.get(instance.instance);
            return (
              <Row
                key={instance.instance}
                main={
                  <div>
                    <Text fw={550} style={{ overflowWrap: "anywhere" }}>
                      {instance.instance}
                    </Text>
                    <Text size="sm" c="dimmed" className="number">
                      {instance.inflight} of {instance.concurrency} busy · {plural(instance.calls, "call")}
                      {instance.failures > 0 && ` · ${instance.failures} failed`}
                      {(instance.queued ?? 0) > 0 && ` · ${instance.queued} waiting inside`}
                      {instance.latencyMs !== undefined && ` · ${formatDuration(instance.latencyMs)}`}
                    </Text>
                    {instance.breakers.map((breaker) => (
                      <BreakerNote key={breaker.method} breaker={breaker} seenAtMs={seenAtMs} />
                    ))}
                    {(checked?.detail ?? instance.detail) !== undefined && <Text size="sm">{checked?.detail ?? instance.detail}</Text>}
                  </div>
                }
                facts={
                  <>
                    {checked !== undefined && <span className="number">{formatDuration(checked.durationMs)}</span>}
                    <StateBadge state={checked?.status ?? instance.state} />
                  </>
                }
              />
            );
          })}
        </Rows>
      </div>
    </section>
  );
}
