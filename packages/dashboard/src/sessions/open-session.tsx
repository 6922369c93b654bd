/** Opens a session: a shell with one click, or a program with its arguments. */
import { Button, Group, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";

import { useAccess } from "../access/access.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { splitWords } from "./split-words.ts";

export function OpenSession({ onDone }: { onDone: () => void }) {
  const { client, can } = useAccess();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const free = can("sessions.openFree");
  const [kind, setKind] = useState<"shell" | "program">("shell");
  const [program, setProgram] = useState("");
  const [name, setName] = useState("");
  const [cwd, setCwd] = useState("");
  const words = splitWords(program);

  const open = useMutation({
    mutationFn: () =>
      client.sessions.open({
        ...(kind === "shell" ? { profile: "shell" } : free ? { argv: words } : { profile: words[0] ?? "" }),
        ...(name.trim() === "" ? {} : { name: name.trim() }),
        ...(cwd.trim() === "" ? {} : { cwd: cwd.trim() }),
      }),
    onSuccess: async ({ sessionId }) => {
      onDone();
      void queries.invalidateQueries({ queryKey: ["sessions"] });
      await navigate({ to: "/sessions/$id", params: { id: sessionId } });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    open.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <SegmentedControl
          aria-label="What to open"
          value={kind}
          onChange={(value) => setKind(value)}
          data={[
            { value: "shell", label: "Your shell" },
            { value: "program", label: free ? "A program" : "A profile" },
          ]}
        />
        {kind === "program" && (
          <div>
            <TextInput
              label={free ? "Program and arguments" : "Profile"}
              placeholder={free ? 'vim "my notes.txt"' : "claude"}
              value={program}
              onChange={(event) => setProgram(event.currentTarget.value)}
              classNames={{ input: "mono" }}
              autoCapitalize="none"
              spellCheck={false}
              required
              data-autofocus
            />
            {free && words.length > 1 && (
              <Text size="xs" c="dimmed" mt={4} className="mono" style={{ overflowWrap: "anywhere" }}>
                {JSON.stringify(words)}
              </Text>
            )}
          </div>
        )}
        <TextInput
          label="Name"
          description="To attach by; may stay empty"
          placeholder="notes"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          autoCapitalize="none"
        />
        {free && (
          <TextInput
            label="Folder"
            description="Absolute; your home when empty"
            placeholder="/home/…"
            value={cwd}
            onChange={(event) => setCwd(event.currentTarget.value)}
            classNames={{ input: "mono" }}
            autoCapitalize="none"
          />
        )}
        <ProblemAlert error={open.error} />
        <Group justify="flex-end">
          <Button type="submit" loading={open.isPending} disabled={kind === "program" && words.length === 0}>
            Open
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
