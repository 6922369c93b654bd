/** Runs an ended execution again, with the same input, and goes there. */
import { Button } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import { useAccess } from "../access/access.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";

export function RetryButton({ id }: { id: string }) {
  const { client, can } = useAccess();
  const queries = useQueryClient();
  const navigate = useNavigate();
  const retry = useMutation({
    mutationFn: () => client.executions.retry({ id }),
    onSuccess: async ({ executionId }) => {
      void queries.invalidateQueries({ queryKey: ["executions"] });
      await navigate({ to: "/executions/$id", params: { id: executionId } });
    },
  });
  if (!can("executions.run")) return null;
  return (
    <>
      <Button variant="light" leftSection={<IconRefresh size={16} />} loading={retry.isPending} onClick={() => retry.mutate()}>
        Run again
      </Button>
      <ProblemAlert error={retry.error} />
    </>
  );
}
