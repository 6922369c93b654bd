/** Makes a schedule, or changes one: what runs, when, and what becomes of ticks that meet. The command's own fields come from its schema. */
import type { OverlapPolicy, MisfirePolicy, Schedule } from "@gantry/contract";
import { Button, Code, Group, NumberInput, Select, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { useClient } from "../access/access.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { SchemaForm } from "../app/schema-form/schema-form.tsx";
import { TimingInputs } from "./timing-fields.tsx";
import { timingFields, timingOf } from "./timing-input.ts";

interface ScheduleFormProps {
  /** The one to change; a new one without. */
  schedule?: Schedule;
  onDone(schedule: Schedule): void;
}

const overlapWords: Record<OverlapPolicy, string> = {
  skip: "leave the tick out",
  queueOne: "hold one tick back",
  allow: "run both",
  cancelPrevious: "cancel the run before",
};
const misfireWords: Record<MisfirePolicy, string> = { skip: "none of them", latest: "the latest one", all: "all of them" };
const choices = (words: Record<string, string>) => Object.entries(words).map(([value, label]) => ({ value, label }));
const listLimit = 1000;

export function ScheduleForm({ schedule, onDone }: ScheduleFormProps) {
  const client = useClient();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [command, setCommand] = useState(schedule?.command ?? "");
  const [timing, setTiming] = useState(() => timingFields(schedule));
  const [overlap, setOverlap] = useState<OverlapPolicy>(schedule?.overlap ?? "skip");
  const [misfire, setMisfire] = useState<MisfirePolicy>(schedule?.misfire ?? "latest");
  const [jitterSeconds, setJitterSeconds] = useState<number | string>((schedule?.jitterMs ?? 0) / 1000);
  const commands = useQuery({ queryKey: ["commands"], queryFn: () => client.commands.list({ limit: listLimit }) });
  const chosen = useQuery({
    queryKey: ["commands", command],
    queryFn: () => client.commands.get({ name: command }),
    enabled: command !== "",
  });
  // Words of a command line are kept as they were typed: a form cannot give them back as such.
  const keptWords = schedule?.argv !== null && schedule?.argv !== undefined && command === schedule.command ? schedule.argv : undefined;

  const save = useMutation({
    mutationFn: async (input: Record<string, unknown>) => {
      const given = { ...timingOf(timing), overlap, misfire, jitterMs: Math.round(Number(jitterSeconds) * 1000) };
      const runs = keptWords === undefined ? { command, input } : {};
      return schedule === undefined
        ? await client.schedules.create({ name: name.trim(), command, input, ...given })
        : await client.schedules.update({ schedule: schedule.name, ...runs, ...given });
    },
    onSuccess: async (saved) => {
      await queries.invalidateQueries({ queryKey: ["schedules"] });
      onDone(saved);
    },
  });

  const lead = (
    <>
      <Group gap="xs" align="flex-start">
        {schedule === undefined && (
          <TextInput
            label="Name"
            placeholder="nightly"
            required
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            autoCapitalize="none"
            autoComplete="off"
            data-autofocus
            flex="1 1 200px"
          />
        )}
        <Select
          label="Command"
          placeholder="Choose what runs"
          required
          data={commands.data?.items.map((one) => one.name) ?? []}
          value={command === "" ? null : command}
          onChange={(value) => setCommand(value ?? "")}
          searchable
          flex="1 1 200px"
        />
      </Group>
      <TimingInputs value={timing} onChange={(changes) => setTiming((before) => ({ ...before, ...changes }))} />
      <Group gap="xs" align="flex-start">
        <Select
          label="While one still runs"
          data={choices(overlapWords)}
          value={overlap}
          onChange={(value) => value !== null && setOverlap(value as OverlapPolicy)}
          allowDeselect={false}
          flex="1 1 200px"
        />
        <Select
          label="Make up for missed ticks"
          data={choices(misfireWords)}
          value={misfire}
          onChange={(value) => value !== null && setMisfire(value as MisfirePolicy)}
          allowDeselect={false}
          flex="1 1 200px"
        />
        <NumberInput label="Spread over (s)" min={0} max={86_400} value={jitterSeconds} onChange={setJitterSeconds} flex="1 1 120px" />
      </Group>
      <ProblemAlert error={chosen.error ?? commands.error} />
      {command !== "" && (
        <Text fw={600} size="sm" mt={4}>
          Input of {command}
        </Text>
      )}
    </>
  );
  const submit = (
    <Stack gap="sm" w="100%">
      <ProblemAlert error={save.error} />
      <Group justify="flex-end">
        <Button type="submit" loading={save.isPending} disabled={command === "" || (schedule === undefined && name.trim() === "")}>
          {schedule === undefined ? "Make the schedule" : "Save"}
        </Button>
      </Group>
    </Stack>
  );
  const noFields = { type: "object", properties: {} };
  return (
    <>
      <SchemaForm
        key={keptWords === undefined ? (chosen.data?.name ?? "") : "kept"}
        schema={keptWords === undefined ? (chosen.data?.inputSchema ?? noFields) : noFields}
        initial={command === schedule?.command ? (schedule.input ?? undefined) : undefined}
        lead={lead}
        nothing={command === "" ? "" : keptWords === undefined ? "It takes no input." : "Kept as it was typed:"}
        onSubmit={(input) => save.mutate(input)}
      >
        {keptWords !== undefined && keptWords.length > 0 && <Code block>{keptWords.join(" ")}</Code>}
        {submit}
      </SchemaForm>
    </>
  );
}
