/** One prompt of an agent's: its text, how far it is, and, while it waits, the way out of the queue; when it has ended, the answer. */
import type { Prompt } from "@gantry/contract";
import { ActionIcon, Code, Modal, Stack, Text, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconX } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { useAccess } from "../access/access.tsx";
import { Ago } from "../app/parts/ago.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { StateBadge } from "../app/parts/state-badge.tsx";
import classes from "./prompts-panel.module.css";

/** `place`: in the queue, from 1. */
export function PromptItem({ prompt, place }: { prompt: Prompt; place: number | undefined }) {
  const { client, can } = useAccess();
  const queries = useQueryClient();
  const [reading, read] = useDisclosure(false);
  const { sessionId: id, promptId, state, text, createdAt, endedAt, error } = prompt;
  const cancel = useMutation({
    mutationFn: () => client.sessions.cancelPrompt({ id, promptId }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["sessions"] }),
  });
  return (
    <li className={classes.prompt} data-ended={endedAt !== null || undefined}>
      <UnstyledButton className={classes.text} onClick={read.open} title="Show all of it">
        {text}
      </UnstyledButton>
      <div className={classes.facts}>
        <StateBadge state={state} />
        {place !== undefined && <span className="number">{place === 1 ? "next" : `${place}. in line`}</span>}
        <Ago time={endedAt ?? createdAt} />
        {state === "queued" && can("sessions.control") && (
          <ActionIcon
            variant="subtle"
            color="gray"
            loading={cancel.isPending}
            onClick={() => cancel.mutate()}
            aria-label={`Take out of the queue: ${text.slice(0, 60)}`}
            title="Take it out of the queue"
            ml="auto"
          >
            <IconX size={15} />
          </ActionIcon>
        )}
      </div>
      {error !== null && (
        <Text size="xs" c="dimmed" className={classes.error}>
          {error}
        </Text>
      )}
      {cancel.error !== null && (
        <Text size="xs" c="red" role="alert">
          {cancel.error.message}
        </Text>
      )}
      <Modal opened={reading} onClose={read.close} title="Prompt" size="lg" centered>
        <Exchange prompt={prompt} />
      </Modal>
    </li>
  );
}

/** All of the prompt, and what the agent printed until its turn was over. */
function Exchange({ prompt: { sessionId: id, promptId, text, endedAt, submittedAt } }: { prompt: Prompt }) {
  const { client } = useAccess();
  const answered = endedAt !== null && submittedAt !== null;
  const { data, error } = useQuery({
    queryKey: ["sessions", "prompt", id, promptId],
    queryFn: () => client.sessions.prompt({ id, promptId }),
    enabled: answered,
  });
  return (
    <Stack gap="sm">
      <Code block className={classes.whole}>
        {text}
      </Code>
      <ProblemAlert error={error} />
      {data !== undefined && (
        <>
          <Text fw={600} size="sm">
            What the terminal showed until its turn was over
          </Text>
          <Code block className={classes.whole}>
            {data.output === null || data.output.trim() === "" ? "Nothing." : data.output}
          </Code>
        </>
      )}
    </Stack>
  );
}
