/** Title of a page with what can be done there. Moves the document's title along. */
import { Group, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";

interface PageHeaderProps {
  title: string;
  /** One sentence for people who see the page for the first time. */
  about?: ReactNode;
  children?: ReactNode;
  mono?: boolean;
}

export function PageHeader({ title, about, children, mono = false }: PageHeaderProps) {
  useEffect(() => {
    document.title = `${title} · Gantry`;
  }, [title]);
  return (
    <Group justify="space-between" align="flex-start" gap="sm" mb="lg">
      <div style={{ minWidth: 0, flex: "1 1 260px" }}>
        <Title order={1} className={mono ? "mono" : ""} style={{ overflowWrap: "anywhere" }}>
          {title}
        </Title>
        {about !== undefined && (
          <Text c="dimmed" mt={2} component="div">
            {about}
          </Text>
        )}
      </div>
      {children !== undefined && <Group gap="xs">{children}</Group>}
    </Group>
  );
}
