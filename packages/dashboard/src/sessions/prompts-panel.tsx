/** What an agent was given, what it is at, and what waits for the end of its turn; and a field to give it more. */
import type { SessionDetail } from "@gantry/contract";
import { ActionIcon, Text, Title } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

import { useAccess } from "../access/access.tsx";
import { Lasting } from "../app/parts/ago.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { StateBadge } from "../app/parts/state-badge.tsx";
import { PromptComposer } from "./prompt-composer.tsx";
import { PromptItem } from "./prompt-item.tsx";
import classes from "./prompts-panel.module.css";

export function PromptsPanel({ session, onClose }: { session: SessionDetail; onClose: () => void }) {
  const { client, can } = useAccess();
  const { sessionId: id, agent } = session;
  const list = useRef<HTMLOListElement>(null);
  const { data, error, refetch } = useQuery({ queryKey: ["sessions", "prompts", id], queryFn: () => client.sessions.prompts({ id }) });
  const items = data?.items ?? [];
  const newest = items.at(-1)?.promptId;
  useEffect(() => {
    if (newest !== undefined) list.current?.lastElementChild?.scrollIntoView({ block: "nearest" });
  }, [newest]);
  const live = session.endedAt === null;
  let place = 0;

  return (
    <aside className={classes.panel} aria-labelledby={`prompts-${id}`}>
      <div className={classes.head}>
        <Title order={2} id={`prompts-${id}`}>
          Prompts
        </Title>
        {agent !== null && live && (
          <span className={classes.agent}>
            <StateBadge state={agent.state} />
            <Text size="xs" c="dimmed" span>
              <Lasting since={agent.since} />
            </Text>
          </span>
        )}
        <ActionIcon variant="subtle" color="gray" onClick={onClose} aria-label="Close the prompts" ml="auto">
          <IconX size={16} />
        </ActionIcon>
      </div>
      {error !== null && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      {data !== undefined && items.length === 0 && (
        <Text size="sm" c="dimmed" className={classes.none}>
          None yet. A prompt is typed when the agent&rsquo;s turn is over; several wait in order.
        </Text>
      )}
      <ol className={classes.list} aria-label="Prompts" ref={list}>
        {items.map((prompt) => {
          if (prompt.state === "queued") place += 1;
          return <PromptItem key={prompt.promptId} prompt={prompt} place={prompt.state === "queued" ? place : undefined} />;
        })}
      </ol>
      {live && can("sessions.control") && <PromptComposer id={id} agentState={agent?.state} />}
    </aside>
  );
}
