/** Answers an address that leads nowhere. */
import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import { EmptyState } from "./parts/empty-state.tsx";

export function NotFoundPage() {
  return (
    <EmptyState title="There is no such page">
      <Button component={Link} to="/" variant="default" mt="sm">
        Go to the overview
      </Button>
    </EmptyState>
  );
}
