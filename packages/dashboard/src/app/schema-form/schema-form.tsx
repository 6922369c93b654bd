/** A form made from a JSON Schema. Without known fields it is one field for JSON. Enter in a field submits. */
import { Group, JsonInput, Stack, Text } from "@mantine/core";
import { type FormEvent, type ReactNode, useMemo, useState } from "react";

import { collect, fill, type Filled, readFields } from "./fields.ts";
import { SchemaField } from "./schema-field.tsx";

interface SchemaFormProps {
  schema: unknown;
  /** Fields of the form's own, before those of the schema. */
  lead?: ReactNode;
  /** The submit button and its neighbours. */
  children: ReactNode;
  /** What it starts with. */
  initial?: Readonly<Record<string, unknown>> | undefined;
  onSubmit(input: Record<string, unknown>): void;
  /** Says so when there is nothing to fill in. */
  nothing: string;
}

export function SchemaForm({ schema, lead, children, initial, onSubmit, nothing }: SchemaFormProps) {
  const fields = useMemo(() => readFields(schema), [schema]);
  const [filled, setFilled] = useState<Filled>(() => fill(fields ?? [], initial));
  const [json, setJson] = useState(() => JSON.stringify(initial ?? {}, null, 2));
  const [problems, setProblems] = useState<Record<string, string>>({});

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { input, problems } = fields === undefined ? readJson(json) : collect(fields, filled);
    setProblems(problems);
    if (Object.keys(problems).length === 0) onSubmit(input);
  };

  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        {lead}
        {fields === undefined ? (
          <JsonInput
            label="Input as JSON"
            value={json}
            onChange={setJson}
            error={problems[""]}
            autosize
            minRows={3}
            maxRows={18}
            classNames={{ input: "mono" }}
          />
        ) : (
          fields.map((field) => (
            <SchemaField
              key={field.name}
              field={field}
              value={filled[field.name]}
              problem={problems[field.name]}
              onChange={(value) => setFilled((before) => ({ ...before, [field.name]: value }))}
            />
          ))
        )}
        {fields?.length === 0 && (
          <Text c="dimmed" size="sm">
            {nothing}
          </Text>
        )}
        <Group gap="xs" mt={4}>
          {children}
        </Group>
      </Stack>
    </form>
  );
}

function readJson(text: string): ReturnType<typeof collect> {
  try {
    const value: unknown = JSON.parse(text === "" ? "{}" : text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return { input: value as Record<string, unknown>, problems: {} };
    return { input: {}, problems: { "": 'Must be an object, as in {"a": 1}' } };
  } catch (error) {
    return { input: {}, problems: { "": `Not JSON: ${(error as Error).message}` } };
  }
}
