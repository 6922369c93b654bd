/** Makes a key and shows it the one time that it can be shown. */
import { Role } from "@gantry/contract";
import { Alert, Button, Group, Radio, Stack, TagsInput, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";

import { CommandLine } from "../app/parts/command-line.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { useClient } from "./access.tsx";

const roles: Record<Role, string> = {
  viewer: "sees everything, changes nothing",
  relay: "calls providers",
  runner: "runs registered commands and opens profiles, steers only its own",
  operator: "runs anything, steers everything",
  admin: "also keys, configuration, and stopping the daemon",
  provider: "is a provider, and nothing else",
};

export function CreateKey({ onDone }: { onDone: () => void }) {
  const client = useClient();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("operator");
  const [providerNames, setProviderNames] = useState<string[]>([]);
  const create = useMutation({
    mutationFn: () =>
      client.access.createKey({ name: name.trim(), role, ...(role === "provider" && providerNames.length > 0 ? { providerNames } : {}) }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["keys"] }),
  });

  if (create.data !== undefined) {
    return (
      <Stack>
        <Alert color="yellow" title="Copy it now">
          It is shown this one time; only its fingerprint is kept.
        </Alert>
        <CommandLine text={create.data.key} />
        <Group justify="flex-end">
          <Button onClick={onDone}>Done</Button>
        </Group>
      </Stack>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label="Name"
          description="Whom or what it is for"
          required
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
        />
        <Radio.Group label="Role" value={role} onChange={(value) => setRole(value)}>
          <Stack gap={8} mt={6}>
            {Role.options.map((option) => (
              <Radio
                key={option}
                value={option}
                label={
                  <>
                    {option}{" "}
                    <Text span c="dimmed" size="sm">
                      {roles[option]}
                    </Text>
                  </>
                }
              />
            ))}
          </Stack>
        </Radio.Group>
        {role === "provider" && (
          <TagsInput
            label="Only these provider names"
            description="Empty: any"
            value={providerNames}
            onChange={setProviderNames}
            acceptValueOnBlur
          />
        )}
        <ProblemAlert error={create.error} />
        <Group justify="flex-end">
          <Button type="submit" loading={create.isPending} disabled={name.trim() === ""}>
            Make the key
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
