/** A defect of the page, or a piece of it that is no longer there because the daemon was upgraded: reloading mends the second. */
import { Button, Stack } from "@mantine/core";
import type { ErrorComponentProps } from "@tanstack/react-router";

import { ProblemAlert } from "./parts/problem-alert.tsx";

export function ErrorPage({ error }: ErrorComponentProps) {
  return (
    <Stack align="flex-start">
      <ProblemAlert error={error instanceof Error ? error : new Error(String(error))} title="This page could not be shown" />
      <Button onClick={() => location.reload()}>Reload</Button>
    </Stack>
  );
}
