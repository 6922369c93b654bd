/** Browsers that `gantry dashboard` has signed in, and the way to end that. */
import type { Login } from "@gantry/contract";
import { Button, Code, Text, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";

import { Ago, Ahead } from "../app/parts/ago.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { Row, Rows } from "../app/parts/rows.tsx";
import { useAccess } from "./access.tsx";
import { describeBrowser } from "./describe-browser.ts";

export function LoginList() {
  const { client } = useAccess();
  const { data, error } = useQuery({ queryKey: ["keys", "logins"], queryFn: () => client.access.listLogins() });
  return (
    <section className="panel" aria-labelledby="logins" style={{ marginTop: "var(--mantine-spacing-md)" }}>
      <Title order={2} id="logins" px="md" pt="sm" pb={4}>
        Signed-in browsers
      </Title>
      <ProblemAlert error={error} />
      {data?.items.length === 0 && (
        <Text size="sm" c="dimmed" px="md" pb="md">
          None. <Code>gantry dashboard</Code> opens the page signed in, without a key to paste.
        </Text>
      )}
      <Rows label="Signed-in browsers">
        {data?.items.map((login) => (
          <LoginRow key={login.id} login={login} />
        ))}
      </Rows>
    </section>
  );
}

function LoginRow({ login }: { login: Login }) {
  const { client, who } = useAccess();
  const queries = useQueryClient();
  const end = useMutation({
    mutationFn: () => client.access.revokeLogin({ id: login.id }),
    onSettled: () => queries.invalidateQueries({ queryKey: ["keys", "logins"] }),
  });
  const own = login.id === who.keyId;
  return (
    <Row
      main={
        <>
          <Text fw={550} title={login.browser} style={{ overflowWrap: "anywhere" }}>
            {describeBrowser(login.browser)}
          </Text>
          <Text size="xs" c="dimmed" className="mono">
            {login.id}
          </Text>
        </>
      }
      facts={
        <>
          <span>{login.role}</span>
          <span>
            used <Ago time={login.lastUsedAt ?? login.createdAt} />
          </span>
          <span>
            ends <Ahead time={login.expiresAt} />
          </span>
          <Button
            size="compact-sm"
            variant="default"
            loading={end.isPending}
            onClick={() => end.mutate()}
            disabled={own}
            title={own ? "This page uses it; sign out instead" : undefined}
          >
            {own ? "In use here" : "Sign out"}
          </Button>
        </>
      }
    />
  );
}
