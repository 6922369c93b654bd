/** Why an execution did not succeed, in the words of whoever failed; the stack on request. */
import type { ExecutionError } from "@gantry/contract";
import { Alert, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";

import classes from "./failure-view.module.css";

export function FailureView({ failure: { name, message, code, stack } }: { failure: ExecutionError }) {
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={name === "Error" ? undefined : name}>
      <Text size="sm" className={classes.text}>
        {message}
      </Text>
      {code !== undefined && (
        <Text size="xs" c="dimmed">
          {code}
        </Text>
      )}
      {stack !== undefined && (
        <details className={classes.stack}>
          <summary>Stack</summary>
          <pre>{stack}</pre>
        </details>
      )}
    </Alert>
  );
}
