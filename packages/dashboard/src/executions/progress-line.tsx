/** How far a running execution says it is. */
import type { EventEnvelope } from "@gantry/contract";
import { Progress, Text } from "@mantine/core";
import { useCallback, useState } from "react";

import { useEvents } from "../app/event-feed.tsx";

interface Told {
  executionId: string;
  done: number;
  total: number | null;
  text: string;
}

export function ProgressLine({ executionId }: { executionId: string }) {
  const [told, setTold] = useState<Told>();
  useEvents(
    useCallback(
      ({ type, data }: EventEnvelope) => {
        if (type === "execution.progress" && (data as Told).executionId === executionId) setTold(data as Told);
      },
      [executionId],
    ),
  );
  if (told === undefined) return <Progress value={100} animated striped size="sm" aria-label="Running" />;
  const percent = told.total === null || told.total === 0 ? 100 : Math.min(100, (told.done / told.total) * 100);
  return (
    <div>
      <Progress value={percent} animated={told.total === null} striped={told.total === null} size="sm" aria-label="Progress" />
      <Text size="sm" c="dimmed" className="number" mt={4}>
        {told.done}
        {told.total !== null && ` of ${told.total}`} {told.text}
      </Text>
    </div>
  );
}
