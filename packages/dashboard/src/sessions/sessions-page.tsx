/** Sessions that live, and those that have ended; opening a new one. */
import type { Session } from "@gantry/contract";
import { Button, Modal, Switch, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import { useAccess } from "../access/access.tsx";
import { Ago } from "../app/parts/ago.tsx";
import { EmptyState } from "../app/parts/empty-state.tsx";
import { plural } from "../app/parts/format.ts";
import { PageHeader } from "../app/parts/page-header.tsx";
import { ProblemAlert } from "../app/parts/problem-alert.tsx";
import { Row, rowLink, Rows, RowsLoading } from "../app/parts/rows.tsx";
import { StateBadge } from "../app/parts/state-badge.tsx";
import { OpenSession } from "./open-session.tsx";
import { nameOf } from "./session-name.ts";

const listLimit = 200;

export function SessionsPage() {
  const { client, can } = useAccess();
  const [opening, open] = useDisclosure(false);
  const [ended, setEnded] = useState(false);
  const { data, error, isPending, refetch } = useQuery({
    queryKey: ["sessions", "list", ended],
    queryFn: () => client.sessions.list({ limit: listLimit, ...(ended ? {} : { live: true }) }),
  });
  return (
    <>
      <PageHeader title="Sessions" about="Terminals that live on without their viewers. Open one here, attach from anywhere.">
        {can("sessions.open") && (
          <Button leftSection={<IconPlus size={16} />} onClick={open.open}>
            Open a session
          </Button>
        )}
      </PageHeader>
      {error !== null && <ProblemAlert error={error} onRetry={() => void refetch()} />}
      <Switch label="Show ended ones" checked={ended} onChange={(event) => setEnded(event.currentTarget.checked)} mb="md" />
      <section className="panel" aria-label="Sessions">
        {isPending && <RowsLoading />}
        {data?.items.length === 0 && (
          <EmptyState
            title={ended ? "No sessions yet" : "No live sessions"}
            commands={["npx gantry open bash", "npx gantry open --detach --name notes -- vim notes.txt"]}
          >
            Open one here, or in a terminal:
          </EmptyState>
        )}
        <Rows label="Sessions">
          {data?.items.map((session) => (
            <SessionRow key={session.sessionId} session={session} />
          ))}
        </Rows>
      </section>
      <Modal opened={opening} onClose={open.close} title="Open a session" centered>
        <OpenSession onDone={open.close} />
      </Modal>
    </>
  );
}

/** The rest is told by the session's own state. */
const tellsMore = new Set(["working", "waitingPermission", "waitingInput"]);

function SessionRow({ session }: { session: Session }) {
  return (
    <Row
      main={
        <>
          <Link to="/sessions/$id" params={{ id: session.sessionId }} className={rowLink}>
            {nameOf(session)}
          </Link>
          <Text c="dimmed" size="sm" className="mono" truncate maw="100%" title={session.argv.join(" ")}>
            {session.profile ?? session.argv.join(" ")}
          </Text>
        </>
      }
      facts={
        <>
          {session.queuedPrompts > 0 && <span className="number">{plural(session.queuedPrompts, "prompt")} waiting</span>}
          {session.agent !== null && tellsMore.has(session.agent.state) && <StateBadge state={session.agent.state} />}
          {session.viewers > 0 && <span className="number">{plural(session.viewers, "viewer")}</span>}
          {session.mode === "pty" && (
            <span className="number">
              {session.cols}×{session.rows}
            </span>
          )}
          {session.exitCode !== null && <span className="number">exit {session.exitCode}</span>}
          {session.signal !== null && <span>{session.signal}</span>}
          <Ago time={session.endedAt ?? session.lastActivityAt} />
          <StateBadge state={session.state} />
        </>
      }
    />
  );
}
