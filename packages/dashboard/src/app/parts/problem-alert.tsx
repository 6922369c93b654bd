/** Shows an error in the daemon's own words, with the request id that finds it in the log. */
import { GantryError } from "@gantry/client";
import { Alert, Button, Code, List, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";

interface ProblemAlertProps {
  /** From the daemon as a GantryError; anything else is a defect of the page. */
  error: Error | null | undefined;
  title?: string;
  onRetry?: () => void;
}

export function ProblemAlert({ error, title, onRetry }: ProblemAlertProps) {
  if (error === null || error === undefined) return null;
  const known = error instanceof GantryError ? error : undefined;
  const message = error.message;
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={title} role="alert">
      <Text size="sm" style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }}>
        {message}
      </Text>
      <Issues details={known?.details} />
      {known !== undefined && (
        <Text size="xs" c="dimmed" mt={6}>
          {known.code}
          {known.requestId !== undefined && (
            <>
              {" · request "}
              <Code fz="xs">{known.requestId}</Code>
            </>
          )}
        </Text>
      )}
      {onRetry !== undefined && (
        <Button size="xs" variant="default" mt="sm" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Alert>
  );
}

function Issues({ details }: { details: Record<string, unknown> | undefined }) {
  const issues = details?.["issues"];
  // The message tells a single one itself.
  if (!Array.isArray(issues) || issues.length < 2) return null;
  return (
    <List size="sm" mt={4}>
      {issues.slice(0, 10).map((issue: { path?: unknown; message?: unknown }, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- issues have no identity and never move
        <List.Item key={index}>
          {Array.isArray(issue.path) && issue.path.length > 0 ? `${issue.path.join(".")}: ` : ""}
          {typeof issue.message === "string" ? issue.message : JSON.stringify(issue)}
        </List.Item>
      ))}
    </List>
  );
}
