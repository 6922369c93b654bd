/** Calls a method: a form from its schema, or JSON; what it streams is shown as it comes. */
import type { ProviderDetail } from "@gantry/contract";
import { Button, SegmentedControl, Select, Stack, Switch, Text, Title } from "@mantine/core";
import { IconPlayerPlay, IconPlayerStop } from "@tabler/icons-react";
import { useState } from "react";

import { EmptyState } from "../app/parts/empty-state.tsx";
import { SchemaForm } from "../app/schema-form/schema-form.tsx";
import { CallView } from "./call-view.tsx";
import { useCall } from "./use-call.ts";

/** More than this and a row of buttons stops being a help. */
const mostButtons = 4;

export function InvokePanel({ provider }: { provider: ProviderDetail }) {
  const names = provider.methods.map((method) => method.name);
  const [chosen, setChosen] = useState<string>();
  const [asJson, setAsJson] = useState(false);
  const { call, start, cancel } = useCall();
  const method = provider.methods.find(({ name }) => name === chosen) ?? provider.methods[0];
  if (method === undefined) {
    return (
      <section className="panel" aria-label="Call a method">
        <EmptyState title={provider.state === "offline" ? "Nothing can be called while it is away" : "It offers no methods"} />
      </section>
    );
  }
  const schema = asJson ? undefined : method.input;
  return (
    <Stack gap="md">
      <section className="panel" style={{ padding: 16 }} aria-label="Call a method">
        <Stack gap="sm">
          {names.length === 1 ? (
            <Title order={2} className="mono">
              {method.name}
            </Title>
          ) : names.length > mostButtons ? (
            <Select
              label="Method"
              data={names}
              value={method.name}
              onChange={(value) => setChosen(value ?? undefined)}
              allowDeselect={false}
              searchable
            />
          ) : (
            <SegmentedControl
              aria-label="Method"
              data={names}
              value={method.name}
              onChange={setChosen}
              style={{ alignSelf: "flex-start", maxWidth: "100%" }}
            />
          )}
          {(method.description !== undefined || method.stream) && (
            <Text size="sm" c="dimmed">
              {method.description} {method.stream && "It streams: its answer is shown as it comes."}
            </Text>
          )}
          <SchemaForm
            key={`${method.name} ${asJson}`}
            schema={schema}
            nothing="It takes no parameters."
            onSubmit={(params) => start({ provider: provider.name, method: method.name, params, stream: method.stream })}
          >
            <Button
              type="submit"
              leftSection={<IconPlayerPlay size={16} />}
              loading={call?.state === "running" && call.chunks.length === 0}
            >
              Call
            </Button>
            {call?.state === "running" && (
              <Button variant="light" color="red" leftSection={<IconPlayerStop size={16} />} onClick={cancel}>
                Cancel
              </Button>
            )}
            <Switch
              size="sm"
              label="Parameters as JSON"
              checked={asJson}
              onChange={(event) => setAsJson(event.currentTarget.checked)}
              ml="auto"
            />
          </SchemaForm>
        </Stack>
      </section>
      {call !== undefined && <CallView call={call} />}
    </Stack>
  );
}
