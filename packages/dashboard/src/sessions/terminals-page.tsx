/** The open terminals, one tab each. All of them stay attached while this page is shown. */
import { ActionIcon, Modal } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconList, IconPlus, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { useCallback, useEffect } from "react";

import { useAccess } from "../access/access.tsx";
import { closeTab, openTab, useOpenTabs } from "./open-tabs.ts";
import { OpenSession } from "./open-session.tsx";
import { nameOf } from "./session-name.ts";
import { TerminalView } from "./terminal-view.tsx";
import classes from "./terminals-page.module.css";

export function TerminalsPage() {
  const { id } = useParams({ from: "/sessions/$id" });
  const { can } = useAccess();
  const navigate = useNavigate();
  const tabs = useOpenTabs();
  const [opening, open] = useDisclosure(false);
  useEffect(() => openTab(id), [id]);

  const close = useCallback(
    (closed: string) => {
      const next = closeTab(closed);
      if (closed !== id) return;
      void (next === undefined ? navigate({ to: "/sessions" }) : navigate({ to: "/sessions/$id", params: { id: next }, replace: true }));
    },
    [id, navigate],
  );

  return (
    <div className={classes.workspace}>
      <nav className={classes.tabs} aria-label="Open terminals">
        <ActionIcon component={Link} to="/sessions" variant="subtle" color="gray" size="lg" aria-label="All sessions" title="All sessions">
          <IconList size={18} />
        </ActionIcon>
        <div className={classes.strip}>
          {tabs.map((tab) => (
            <Tab key={tab} id={tab} active={tab === id} onClose={close} />
          ))}
        </div>
        {can("sessions.open") && (
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Open a session" title="Open a session" onClick={open.open}>
            <IconPlus size={18} />
          </ActionIcon>
        )}
      </nav>
      {tabs.map((tab) => (
        <TerminalView key={tab} id={tab} active={tab === id} />
      ))}
      <Modal opened={opening} onClose={open.close} title="Open a session" centered>
        <OpenSession onDone={open.close} />
      </Modal>
    </div>
  );
}

function Tab({ id, active, onClose }: { id: string; active: boolean; onClose: (id: string) => void }) {
  const { client } = useAccess();
  const { data, isError } = useQuery({ queryKey: ["sessions", "one", id], queryFn: () => client.sessions.get({ id }) });
  const name = data === undefined ? (isError ? id.slice(-6) : "…") : nameOf(data);
  return (
    <div className={classes.tab} data-active={active || undefined}>
      <Link
        to="/sessions/$id"
        params={{ id }}
        className={classes.name}
        aria-current={active ? "page" : undefined}
        data-terminal-tab={active || undefined}
      >
        <i className={classes.dot} data-live={data !== undefined && data.endedAt === null} />
        {name}
      </Link>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        onClick={() => onClose(id)}
        aria-label={`Close the tab of ${name}; the session lives on`}
        title="Close the tab; the session lives on"
      >
        <IconX size={14} />
      </ActionIcon>
    </div>
  );
}
