/** The form's fields that say when a schedule ticks. */
import { Group, NumberInput, SegmentedControl, Select, Stack, TextInput } from "@mantine/core";

import { type TimingFields, type Unit, units } from "./timing-input.ts";

const zones = [...new Set([...Intl.supportedValuesOf("timeZone"), "UTC"])];

interface TimingInputsProps {
  value: TimingFields;
  onChange(changes: Partial<TimingFields>): void;
}

export function TimingInputs({ value, onChange }: TimingInputsProps) {
  return (
    <Stack gap="xs">
      <SegmentedControl
        aria-label="When it ticks"
        value={value.kind}
        onChange={(kind) => onChange({ kind })}
        data={[
          { value: "cron", label: "By the clock" },
          { value: "every", label: "Every so often" },
          { value: "once", label: "Once" },
        ]}
      />
      {value.kind === "cron" && (
        <Group gap="xs" align="flex-start">
          <TextInput
            label="Cron pattern"
            description="minute hour day month weekday"
            required
            value={value.cron}
            onChange={(event) => onChange({ cron: event.currentTarget.value })}
            classNames={{ input: "mono" }}
            autoComplete="off"
            spellCheck={false}
            flex="1 1 200px"
          />
          <Select
            label="Time zone"
            description="changes of the clock included"
            data={zones.includes(value.timeZone) ? zones : [value.timeZone, ...zones]}
            value={value.timeZone}
            onChange={(timeZone) => timeZone !== null && onChange({ timeZone })}
            searchable
            limit={60}
            flex="1 1 200px"
          />
        </Group>
      )}
      {value.kind === "every" && (
        <Group gap="xs" align="flex-end">
          <NumberInput label="Every" required min={1} value={value.every} onChange={(every) => onChange({ every })} flex="1 1 120px" />
          <Select
            aria-label="Unit"
            data={Object.keys(units)}
            value={value.unit}
            onChange={(unit) => unit !== null && onChange({ unit: unit as Unit })}
            allowDeselect={false}
            flex="1 1 120px"
          />
        </Group>
      )}
      {value.kind === "once" && (
        <TextInput
          type="datetime-local"
          label="At"
          description="in this browser's time zone"
          required
          value={value.once}
          onChange={(event) => onChange({ once: event.currentTarget.value })}
        />
      )}
    </Stack>
  );
}
