/** What a list shows when it has nothing: why, and the next command to type. */
import { Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";

import { CommandLine } from "./command-line.tsx";

interface EmptyStateProps {
  title: string;
  children?: ReactNode;
  commands?: readonly string[];
}

export function EmptyState({ title, children, commands = [] }: EmptyStateProps) {
  return (
    <Stack align="center" gap="xs" py={40} px="md" ta="center">
      <Text fw={600}>{title}</Text>
      {children !== undefined && (
        <Text c="dimmed" size="sm" maw={460} component="div">
          {children}
        </Text>
      )}
      {commands.length > 0 && (
        <Stack gap={6} mt="xs" w="min(100%, 440px)">
          {commands.map((command) => (
            <CommandLine key={command} text={command} />
          ))}
        </Stack>
      )}
    </Stack>
  );
}
