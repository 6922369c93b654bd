/** The frame around every page: places on the left (below, on a phone), the instance and its connection on top. */
import { Text, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { useMemo, useRef } from "react";

import { useAccess } from "../access/access.tsx";
import { useLoadSampling } from "../instances/load-samples.ts";
import { Connection } from "./connection.tsx";
import { places } from "./navigation.ts";
import { Mark } from "./parts/mark.tsx";
import classes from "./shell.module.css";
import { Shortcuts } from "./shortcuts.tsx";
import { UserMenu } from "./user-menu.tsx";

export function Shell() {
  const { client, can } = useAccess();
  const [helpOpen, help] = useDisclosure(false);
  const main = useRef<HTMLElement>(null);
  const info = useQuery({ queryKey: ["instances", "info"], queryFn: () => client.instances.info(), staleTime: Number.POSITIVE_INFINITY });
  useLoadSampling();
  const permitted = useMemo(() => places.filter(({ permission }) => can(permission)), [can]);

  return (
    <div className={classes.shell}>
      <a
        className="skip-link"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to content
      </a>
      <header className={classes.header}>
        <Link to="/" className={classes.brand} aria-label="Gantry, overview">
          <Mark />
          <span className={classes.word}>Gantry</span>
        </Link>
        <Text size="sm" className={`${classes.instance} mono`} title={`Instance ${info.data?.instance ?? ""}`}>
          {info.data?.instance}
        </Text>
        <div className={classes.grow} />
        <Connection />
        <UserMenu onHelp={help.open} />
      </header>
      <nav className={classes.nav} aria-label="Rooms">
        {permitted.map(({ to, label, icon: Icon, key }) => (
          <Link
            key={to}
            to={to}
            className={classes.place}
            activeOptions={{ exact: to === "/" }}
            activeProps={{ "data-active": true, "aria-current": "page" }}
            title={`${label} (g ${key})`}
          >
            <Icon size={20} stroke={1.7} aria-hidden />
            <span>{label}</span>
          </Link>
        ))}
        <UnstyledButton className={classes.hint} onClick={help.open}>
          Press <kbd>?</kbd> for shortcuts
        </UnstyledButton>
      </nav>
      <main id="main" ref={main} tabIndex={-1} className={classes.main}>
        <Outlet />
      </main>
      <Shortcuts places={permitted} opened={helpOpen} onOpen={help.open} onClose={help.close} />
    </div>
  );
}
