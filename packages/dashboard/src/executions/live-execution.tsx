/** The execution just started, beside the form that started it. */
import { Anchor, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { useClient } from "../access/access.tsx";
import { formatDuration } from "../app/parts/format.ts";
import { StateBadge } from "../app/parts/state-badge.tsx";
import { CancelButton, isUnfinished } from "./cancel-button.tsx";
import { FailureView } from "./failure-view.tsx";
import { OutputView } from "./output-view.tsx";
import { ProgressLine } from "./progress-line.tsx";

export function LiveExecution({ executionId }: { executionId: string }) {
  const client = useClient();
  const { data } = useQuery({ queryKey: ["executions", "one", executionId], queryFn: () => client.executions.get({ id: executionId }) });
  return (
    <section aria-label="This run" style={{ marginBottom: 20 }}>
      <Group justify="space-between" mb={8} mih={36}>
        <Group gap="sm">
          <StateBadge state={data?.state ?? "queued"} />
          {data?.exitCode !== null && data?.exitCode !== undefined && (
            <Text size="sm" className="number">
              exit code {data.exitCode}
            </Text>
          )}
          {data?.durationMs !== null && data?.durationMs !== undefined && (
            <Text size="sm" c="dimmed" className="number">
              {formatDuration(data.durationMs)}
            </Text>
          )}
          <Anchor component={Link} to="/executions/$id" params={{ id: executionId } as never} size="sm">
            Details
          </Anchor>
        </Group>
        {data !== undefined && isUnfinished(data.state) && <CancelButton id={executionId} />}
      </Group>
      {data !== undefined && isUnfinished(data.state) && <ProgressLine key={executionId} executionId={executionId} />}
      <OutputView executionId={executionId} />
      {data?.error !== undefined && data.error !== null && (
        <div style={{ marginTop: 10 }}>
          <FailureView failure={data.error} />
        </div>
      )}
    </section>
  );
}
