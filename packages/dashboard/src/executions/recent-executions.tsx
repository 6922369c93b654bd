/** The newest executions, for the overview and for a command's page. */
import { useQuery } from "@tanstack/react-query";

import { useClient } from "../access/access.tsx";
import { EmptyState } from "../app/parts/empty-state.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { RowsLoading } from "../app/parts/rows.tsx";
import { ExecutionRows } from "./execution-rows.tsx";

export function RecentExecutions({ command, limit = 8 }: { command?: string; limit?: number }) {
  const client = useClient();
  const { data, error, isPending } = useQuery({
    queryKey: ["executions", "recent", command, limit],
    queryFn: () => client.executions.list({ limit, ...(command === undefined ? {} : { command }) }),
  });
  if (isPending) return <RowsLoading />;
  if (error !== null) return <ProblemAlert error={error} />;
  if (data.items.length === 0) {
    return (
      <EmptyState
        title={command === undefined ? "Nothing has run yet" : "It has not run yet"}
        commands={[`npx gantry run ${command ?? "greet --name Ada"}`]}
      >
        {command === undefined ? "Run a command here under Commands, or in a terminal:" : "Run it above, or in a terminal:"}
      </EmptyState>
    );
  }
  return <ExecutionRows executions={data.items} />;
}
