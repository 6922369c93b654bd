/** Opens a session: a shell with one click, a profile that is there, or a program with its arguments. */
import { Button, Group, NativeSelect, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
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
  const [kind, setKind] = useState<"shell" | "profile" | "program">("shell");
  const [profile, setProfile] = useState("");
  const [program, setProgram] = useState("");
  const [name, setName] = useState("");
  const [cwd, setCwd] = useState("");
  const words = splitWords(program);
  const profiles = useQuery({ queryKey: ["profiles"], queryFn: () => client.sessions.profiles({}), enabled: kind === "profile" });
  const ready = kind === "shell" || (kind === "profile" ? profile !== "" : words.length > 0);

  const open = useMutation({
    mutationFn: () =>
      client.sessions.open({
        ...(kind === "program" ? { argv: words } : { profile: kind === "shell" ? "shell" : profile }),
        // The terminal that opens shows how it ended, if it did.
        settleMs: 0,
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
            { value: "profile", label: "A profile" },
            ...(free ? [{ value: "program" as const, label: "A program" }] : []),
          ]}
        />
        {kind === "profile" && (
          <NativeSelect
            label="Profile"
            description="What cannot be opened says what is missing"
            value={profile}
            onChange={(event) => setProfile(event.currentTarget.value)}
            error={profiles.error?.message}
            required
          >
            <option value="">{profiles.isPending ? "Asking the programs …" : "Choose one"}</option>
            {profiles.data?.items.map(({ name: its, available, version, problems }) => (
              <option key={its} value={its} disabled={!available}>
                {available ? [its, version].filter(Boolean).join(" ") : `${its}: ${problems[0] ?? "not available"}`}
              </option>
            ))}
          </NativeSelect>
        )}
        {kind === "program" && (
          <div>
            <TextInput
              label="Program and arguments"
              placeholder={'vim "my notes.txt"'}
              value={program}
              onChange={(event) => setProgram(event.currentTarget.value)}
              classNames={{ input: "mono" }}
              autoCapitalize="none"
              spellCheck={false}
              required
              data-autofocus
            />
            {words.length > 1 && (
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
          <Button type="submit" loading={open.isPending} disabled={!ready}>
            Open
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
