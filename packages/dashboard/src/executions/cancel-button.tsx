/** Stops an execution; done when its last process is gone. */
import type { ExecutionState } from "@gantry/contract";
import { Button } from "@mantine/core";
import { IconPlayerStop } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { useAccess } from "../access/access.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";

export function isUnfinished(state: ExecutionState): boolean {
  return state === "scheduled" || state === "queued" || state === "running";
}

export function CancelButton({ id }: { id: string }) {
  const { client, can } = useAccess();
  const queries = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => client.executions.cancel({ id }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["executions"] }),
  });
  if (!can("executions.control")) return null;
  return (
    <>
      <Button
        color="red"
        variant="light"
        leftSection={<IconPlayerStop size={16} />}
        loading={cancel.isPending}
        onClick={() => cancel.mutate()}
      >
        Cancel
      </Button>
      {cancel.error !== null && <ProblemAlert error={cancel.error} />}
    </>
  );
}
