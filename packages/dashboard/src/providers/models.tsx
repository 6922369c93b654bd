/** The models that connected providers offer; left out when there are none. */
import { Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";

import { useClient } from "../access/access.tsx";
import { Row, Rows } from "../app/parts/rows.tsx";

export function Models() {
  const client = useClient();
  const { data } = useQuery({ queryKey: ["providers", "models"], queryFn: () => client.providers.models() });
  if (data === undefined || data.items.length === 0) return null;
  return (
    <section className="panel" style={{ marginTop: 20 }} aria-labelledby="models">
      <Title order={2} id="models" px="md" pt="sm" pb={4}>
        Models
      </Title>
      <Rows label="Models">
        {data.items.map(({ id, description, providers, contextTokens }) => (
          <Row
            key={id}
            main={
              <>
                <span className="mono">{id}</span>
                <Text c="dimmed" size="sm">
                  {description}
                </Text>
              </>
            }
            facts={
              <>
                {contextTokens !== undefined && <span className="number">{contextTokens.toLocaleString()} tokens</span>}
                <span>{providers.join(", ")}</span>
              </>
            }
          />
        ))}
      </Rows>
    </section>
  );
}
