/** Starts a batch from pasted or dropped JSON lines or CSV; tells what it reads before anything runs. */
import type { Batch } from "@gantry/contract";
import {
  Button,
  Checkbox,
  FileButton,
  Group,
  NumberInput,
  SegmentedControl,
  Select,
  Stack,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { IconFileUpload } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type DragEvent, type FormEvent, useState } from "react";

import { useClient } from "../access/access.tsx";
import { plural } from "../app/parts/format.ts";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import classes from "./start-batch.module.css";
import { type Format, useItems } from "./use-items.ts";

const examples: Record<Format, string> = {
  jsonl: '{"id": "one", "command": "greet", "input": {"name": "Ada"}}\n{"command": "greet", "argv": ["Grace"], "needs": ["one"]}',
  csv: "id,command,needs,name\none,greet,,Ada\ntwo,greet,one,Grace",
};
const listLimit = 1000;

export function StartBatch({ onDone }: { onDone(batch: Batch): void }) {
  const client = useClient();
  const queries = useQueryClient();
  const [text, setText] = useState("");
  const [format, setFormat] = useState<Format>("jsonl");
  const [name, setName] = useState("");
  const [command, setCommand] = useState<string | null>(null);
  const [concurrency, setConcurrency] = useState<number | string>(10);
  const [stopOnError, setStopOnError] = useState(false);
  const [over, setOver] = useState(false);
  const { items, problem } = useItems(text, format, command ?? undefined);
  const commands = useQuery({ queryKey: ["commands"], queryFn: () => client.commands.list({ limit: listLimit }) });

  const start = useMutation({
    mutationFn: () =>
      client.batches.create({
        items: [...items],
        concurrency: Number(concurrency),
        stopOnError,
        ...(name.trim() === "" ? {} : { name: name.trim() }),
      }),
    onSuccess: async (batch) => {
      await queries.invalidateQueries({ queryKey: ["batches"] });
      onDone(batch);
    },
  });
  const take = async (file: File | null | undefined) => {
    if (file === null || file === undefined) return;
    setFormat(/\.csv$/i.test(file.name) ? "csv" : "jsonl");
    if (name === "") setName(file.name.slice(0, 128));
    setText(await file.text());
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    void take(event.dataTransfer.files[0]);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    start.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Group justify="space-between">
          <SegmentedControl
            aria-label="Form of the items"
            value={format}
            onChange={(value) => setFormat(value)}
            data={[
              { value: "jsonl", label: "JSON lines" },
              { value: "csv", label: "CSV" },
            ]}
          />
          <FileButton onChange={(file) => void take(file)} accept=".jsonl,.ndjson,.csv,text/csv,application/jsonl">
            {(props) => (
              <Button {...props} variant="default" leftSection={<IconFileUpload size={16} />}>
                Choose a file
              </Button>
            )}
          </FileButton>
        </Group>
        <div
          className={classes.drop}
          data-over={over || undefined}
          onDragOver={(event) => {
            event.preventDefault();
            setOver(true);
          }}
          onDragLeave={() => setOver(false)}
          onDrop={drop}
        >
          <Textarea
            label="Items"
            description="Paste them, or drop a file here"
            placeholder={examples[format]}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            autosize
            minRows={6}
            maxRows={14}
            classNames={{ input: `mono ${classes.items}` }}
            spellCheck={false}
            data-autofocus
          />
        </div>
        <Text size="sm" c={problem === undefined ? "dimmed" : "red"} role="status" className={classes.told}>
          {problem ?? (items.length === 0 ? "Nothing runs before you start it." : summary(items))}
        </Text>
        <Group gap="xs" align="flex-start">
          <TextInput
            label="Name"
            placeholder="for people"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            maxLength={128}
            flex="1 1 160px"
          />
          <Select
            label="Command"
            placeholder="for items that name none"
            data={commands.data?.items.map((one) => one.name) ?? []}
            value={command}
            onChange={setCommand}
            searchable
            clearable
            flex="1 1 200px"
          />
          <NumberInput label="At once" min={1} max={1000} value={concurrency} onChange={setConcurrency} flex="0 1 100px" />
        </Group>
        <Checkbox
          label="Begin no more items after the first failure"
          checked={stopOnError}
          onChange={(event) => setStopOnError(event.currentTarget.checked)}
        />
        <ProblemAlert error={start.error} />
        <Group justify="flex-end">
          <Button type="submit" loading={start.isPending} disabled={items.length === 0}>
            {items.length === 0 ? "Start" : `Start ${plural(items.length, "item")}`}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const namedCommands = 4;

function summary(items: readonly { command: string; needs?: readonly string[] | undefined }[]): string {
  const counts = new Map<string, number>();
  for (const { command } of items) counts.set(command, (counts.get(command) ?? 0) + 1);
  const named = [...counts].slice(0, namedCommands).map(([name, count]) => `${count} × ${name}`);
  const rest = counts.size > namedCommands ? [`${counts.size - namedCommands} other commands`] : [];
  const waiting = items.filter(({ needs }) => needs !== undefined && needs.length > 0).length;
  return `${plural(items.length, "item")}: ${[...named, ...rest].join(", ")}${waiting === 0 ? "" : `; ${waiting} wait for others`}.`;
}
