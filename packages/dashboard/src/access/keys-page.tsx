/** API keys: who may come in, with which role, and how to end that. */
import type { Key } from "@gantry/contract";
import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { Ago } from "../app/parts/ago.tsx";
import { PageHeader } from "../app/parts/page-header.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { Row, Rows, RowsLoading } from "../app/parts/rows.tsx";
import { StateBadge } from "../app/parts/state-badge.tsx";
import { useAccess } from "./access.tsx";
import { CreateKey } from "./create-key.tsx";
import { LoginList } from "./login-list.tsx";

export function KeysPage() {
  const { client } = useAccess();
  const [creating, create] = useDisclosure(false);
  const [revoking, setRevoking] = useState<Key>();
  const { data, error, isPending, refetch } = useQuery({ queryKey: ["keys"], queryFn: () => client.access.listKeys() });

  return (
    <>
      <PageHeader title="Keys" about="Each key acts with the rights of its role. Give every person and program its own.">
        <Button leftSection={<IconPlus size={16} />} onClick={create.open}>
          New key
        </Button>
      </PageHeader>
      {error !== null && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      <section className="panel" aria-label="Keys">
        {isPending && <RowsLoading />}
        <Rows label="Keys">
          {data?.items.map((key) => (
            <KeyRow key={key.id} item={key} onRevoke={setRevoking} />
          ))}
        </Rows>
      </section>
      <LoginList />
      <Modal opened={creating} onClose={create.close} title="New key" centered>
        <CreateKey onDone={create.close} />
      </Modal>
      <RevokeKey item={revoking} onDone={() => setRevoking(undefined)} />
    </>
  );
}

function KeyRow({ item, onRevoke }: { item: Key; onRevoke: (key: Key) => void }) {
  const { who } = useAccess();
  const own = item.id === who.keyId;
  return (
    <Row
      main={
        <>
          <Text fw={550} style={{ overflowWrap: "anywhere" }}>
            {item.name}
          </Text>
          <Text size="xs" c="dimmed" className="mono">
            {item.id}
          </Text>
        </>
      }
      facts={
        <>
          <span>
            {item.role}
            {item.providerNames !== undefined && `: ${item.providerNames.join(", ")}`}
          </span>
          <span>
            {item.lastUsedAt === undefined ? "never used" : "used "}
            {item.lastUsedAt !== undefined && <Ago time={item.lastUsedAt} />}
          </span>
          {item.revokedAt === undefined ? (
            <Button
              size="compact-sm"
              variant="default"
              onClick={() => onRevoke(item)}
              disabled={own}
              title={own ? "This page uses it" : undefined}
            >
              {own ? "In use here" : "Revoke"}
            </Button>
          ) : (
            <StateBadge state="revoked" />
          )}
        </>
      }
    />
  );
}

function RevokeKey({ item, onDone }: { item: Key | undefined; onDone: () => void }) {
  const { client } = useAccess();
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: (id: string) => client.access.revokeKey({ id }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["keys"] });
      onDone();
    },
  });
  return (
    <Modal opened={item !== undefined} onClose={onDone} title="Revoke this key?" centered>
      <Stack>
        <Text>
          <strong>{item?.name}</strong> ({item?.role}) is refused from then on, and what is connected with it is closed. This cannot be
          undone.
        </Text>
        <ProblemAlert error={revoke.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onDone}>
            Keep it
          </Button>
          <Button color="red" loading={revoke.isPending} onClick={() => item !== undefined && revoke.mutate(item.id)}>
            Revoke
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
