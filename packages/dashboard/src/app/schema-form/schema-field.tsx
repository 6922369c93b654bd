/** One field of a form made from a schema. */
import { JsonInput, NumberInput, PasswordInput, Select, Switch, TagsInput, TextInput } from "@mantine/core";

import type { Field } from "./fields.ts";

interface SchemaFieldProps {
  field: Field;
  value: unknown;
  problem: string | undefined;
  onChange(value: unknown): void;
}

export function SchemaField({ field, value, problem, onChange }: SchemaFieldProps) {
  const { name, kind, description, defaultText, choices, integer, minimum, maximum, required, secret } = field;
  const common = {
    label: name,
    description,
    error: problem,
    withAsterisk: required,
    name,
    placeholder: defaultText === undefined ? undefined : `${defaultText} (default)`,
  };
  switch (kind) {
    case "boolean":
      return (
        <Switch
          name={name}
          label={name}
          description={description}
          checked={(value ?? field.default) === true}
          onChange={(event) => onChange(event.currentTarget.checked)}
        />
      );
    case "number":
      return (
        <NumberInput
          {...common}
          value={(value as number | string | undefined) ?? ""}
          onChange={onChange}
          allowDecimal={!integer}
          {...(minimum === undefined ? {} : { min: minimum })}
          {...(maximum === undefined ? {} : { max: maximum })}
        />
      );
    case "choice":
      return (
        <Select
          {...common}
          data={[...choices]}
          value={(value as string | null | undefined) ?? null}
          onChange={onChange}
          clearable={!required}
        />
      );
    case "list":
      return (
        <TagsInput
          {...common}
          placeholder={common.placeholder ?? "Type one, press Enter"}
          value={(value as string[] | undefined) ?? []}
          onChange={onChange}
          acceptValueOnBlur
        />
      );
    case "json":
      return (
        <JsonInput
          {...common}
          placeholder={common.placeholder ?? "JSON"}
          value={(value as string | undefined) ?? ""}
          onChange={onChange}
          autosize
          minRows={2}
          maxRows={14}
          classNames={{ input: "mono" }}
        />
      );
    default: {
      const Input = secret ? PasswordInput : TextInput;
      return (
        <Input
          {...common}
          value={(value as string | undefined) ?? ""}
          onChange={(event) => onChange(event.currentTarget.value)}
          autoComplete="off"
        />
      );
    }
  }
}
