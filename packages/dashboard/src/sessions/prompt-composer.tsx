/** Gives an agent a prompt: Enter sends it, Shift and Enter begin a new line. */
import type { AgentState } from "@gantry/contract";
import { ActionIcon, Text, Textarea } from "@mantine/core";
import { IconSend } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type KeyboardEvent, useState } from "react";

import { useAccess } from "../access/access.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import classes from "./prompts-panel.module.css";

export function PromptComposer({ id, agentState }: { id: string; agentState: AgentState | undefined }) {
  const { client } = useAccess();
  const queries = useQueryClient();
  const [text, setText] = useState("");
  const send = useMutation({
    mutationFn: (prompt: string) => client.sessions.submitPrompt({ id, text: prompt }),
    // What could not be queued is not lost.
    onError: (_error, prompt) => setText((now) => (now === "" ? prompt : now)),
    onSettled: () => queries.invalidateQueries({ queryKey: ["sessions"] }),
  });
  const submit = () => {
    if (text.trim() === "" || send.isPending) return;
    send.mutate(text);
    setText("");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    submit();
  };
  const asks = agentState === "waitingPermission" || agentState === "waitingInput";
  return (
    <form
      className={classes.composer}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <ProblemAlert error={send.error} title="It was not queued" />
      {asks && (
        <Text size="xs" c="dimmed">
          It waits for an answer: give that in the terminal. A prompt waits until its turn is over.
        </Text>
      )}
      <div className={classes.field}>
        <Textarea
          aria-label="Prompt"
          placeholder={agentState === "idle" ? "Give it a prompt" : "Give it a prompt; it waits its turn"}
          autosize
          minRows={1}
          maxRows={8}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          enterKeyHint="send"
        />
        <ActionIcon type="submit" size={36} disabled={text.trim() === ""} loading={send.isPending} aria-label="Send the prompt">
          <IconSend size={17} />
        </ActionIcon>
      </div>
    </form>
  );
}
