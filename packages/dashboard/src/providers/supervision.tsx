/** How the instances stand that the daemon itself keeps running: since when, why not, and what they said last. */
import type { SupervisedInstance } from "@gantry/contract";
import { Button, Code, Group, Text, Title } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { useAccess } from "../access/access.tsx";
import { Ago, Ahead } from "../app/parts/ago.tsx";
import { plural } from "../app/parts/format.ts";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { Row, Rows } from "../app/parts/rows.tsx";
import { StateBadge } from "../app/parts/state-badge.tsx";

export function Supervision({ name, instances }: { name: string; instances: readonly SupervisedInstance[] }) {
  const { client, can } = useAccess();
  const queries = useQueryClient();
  const restart = useMutation({
    mutationFn: () => client.providers.restart({ name }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["providers"] }),
  });
  return (
    <section aria-labelledby="supervision">
      <Group justify="space-between" mb={8}>
        <Title order={2} id="supervision">
          Run by Gantry
        </Title>
        {can("providers.manage") && (
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconRefresh size={15} />}
            loading={restart.isPending}
            onClick={() => restart.mutate()}
          >
            Restart
          </Button>
        )}
      </Group>
      <ProblemAlert error={restart.error} title="It was not restarted" />
      <div className="panel">
        <Rows label="Run by Gantry">
          {instances.map((one) => (
            <Row key={one.instance} short main={<Program name={name} one={one} />} facts={<StateBadge state={one.state} />} />
          ))}
        </Rows>
      </div>
    </section>
  );
}

function Program({ name, one }: { name: string; one: SupervisedInstance }) {
  const { instance, state, pid, restarts, startedAt, lastEnd, nextRetryAt, stderr = [] } = one;
  const isUp = state === "running";
  return (
    <div style={{ minWidth: 0, width: "100%" }}>
      <Text fw={550}>
        {name}/{instance}
      </Text>
      <Text size="sm" c="dimmed" className="number">
        {pid !== undefined && `pid ${pid} · `}
        {plural(restarts, "restart")}
        {isUp && startedAt !== undefined && (
          <>
            {" · started "}
            <Ago time={startedAt} />
          </>
        )}
        {nextRetryAt !== undefined && (
          <>
            {" · next try "}
            <Ahead time={nextRetryAt} />
          </>
        )}
      </Text>
      {lastEnd !== undefined && (
        <Text size="sm" c={isUp ? "dimmed" : "red"} style={{ overflowWrap: "anywhere" }}>
          {isUp && "Ended before: "}
          {lastEnd}
        </Text>
      )}
      {!isUp && stderr.length > 0 && (
        <Code block mt={6} mah={220} style={{ overflow: "auto" }} aria-label="Its last lines on standard error">
          {stderr.join("\n")}
        </Code>
      )}
    </div>
  );
}
