/** The frame around every page: places on the left (below, on a phone), the instance and its connection on top. */
import { Menu, Text, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { IconDots } from "@tabler/icons-react";
import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { useMemo, useRef } from "react";

import { useAccess } from "../access/access.tsx";
import { useLoadSampling } from "../instances/load-samples.ts";
import { Connection } from "./connection.tsx";
import { type Place, places } from "./navigation.ts";
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
        {permitted.map(({ to, label, icon: Icon, key, rare }) => (
          <Link
            key={to}
            to={to}
            className={`${classes.place} ${rare === true ? classes.rare : ""}`}
            activeOptions={{ exact: to === "/" }}
            activeProps={{ "data-active": true, "aria-current": "page" }}
            title={`${label} (g ${key})`}
          >
            <Icon size={20} stroke={1.7} aria-hidden />
            <span>{label}</span>
          </Link>
        ))}
        <MorePlaces places={permitted.filter(({ rare }) => rare === true)} />
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

/** On a phone: the places that did not fit. */
function MorePlaces({ places: hidden }: { places: readonly Place[] }) {
  const { pathname } = useLocation();
  if (hidden.length === 0) return null;
  return (
    <Menu position="top-end" width={200}>
      <Menu.Target>
        <UnstyledButton
          className={`${classes.place} ${classes.more}`}
          data-active={hidden.some(({ to }) => pathname.startsWith(to)) || undefined}
        >
          <IconDots size={20} stroke={1.7} aria-hidden />
          <span>More</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        {hidden.map(({ to, label, icon: Icon }) => (
          <Menu.Item key={to} component={Link} to={to} leftSection={<Icon size={18} stroke={1.7} aria-hidden />}>
            {label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
