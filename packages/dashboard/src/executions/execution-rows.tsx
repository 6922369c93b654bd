/** Executions as rows: what ran, how it ended, how long it took, when. */
import type { ExecutionSummary } from "@gantry/contract";
import { Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import { Ago } from "../app/parts/ago.tsx";
import { formatDuration } from "../app/parts/format.ts";
import { Row, rowLink, Rows } from "../app/parts/rows.tsx";
import { StateBadge } from "../app/parts/state-badge.tsx";

export function ExecutionRows({ executions }: { executions: readonly ExecutionSummary[] }) {
  return (
    <Rows label="Executions">
      {executions.map((execution) => (
        <Row
          key={execution.executionId}
          main={
            <>
              <Link to="/executions/$id" params={{ id: execution.executionId }} className={rowLink}>
                {execution.command}
              </Link>
              {execution.error !== null && (
                <Text size="sm" c="dimmed" truncate maw={360}>
                  {execution.error.message}
                </Text>
              )}
            </>
          }
          facts={
            <>
              {execution.exitCode !== null && execution.exitCode !== 0 && <span className="number">exit {execution.exitCode}</span>}
              {execution.signal !== null && <span>{execution.signal}</span>}
              {execution.durationMs !== null && <span className="number">{formatDuration(execution.durationMs)}</span>}
              <Ago time={execution.createdAt} />
              <StateBadge state={execution.state} />
            </>
          }
        />
      ))}
    </Rows>
  );
}
