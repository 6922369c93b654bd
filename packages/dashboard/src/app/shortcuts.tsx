/** Keyboard: g and a letter goes to a place, / finds, ? explains. Never while typing, and never inside a terminal. */
import { Kbd, Modal, Table } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef } from "react";

import type { Place } from "./navigation.ts";

interface ShortcutsProps {
  places: readonly Place[];
  opened: boolean;
  onOpen(): void;
  onClose(): void;
}

/** Time between g and the letter. */
const chordMs = 1_200;

export function Shortcuts({ places, opened, onOpen, onClose }: ShortcutsProps) {
  const navigate = useNavigate();
  const started = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const place = event.timeStamp - started.current < chordMs ? places.find(({ key }) => key === event.key) : undefined;
      started.current = Number.NEGATIVE_INFINITY;
      if (place !== undefined) {
        event.preventDefault();
        void navigate({ to: place.to });
      } else if (event.key === "g") {
        started.current = event.timeStamp;
      } else if (event.key === "?") {
        onOpen();
      } else if (event.key === "/") {
        const find = document.querySelector<HTMLElement>("main input[type=search]");
        if (find !== null) {
          event.preventDefault();
          find.focus();
        }
      }
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [places, navigate, onOpen]);

  return (
    <Modal opened={opened} onClose={onClose} title="Shortcuts" centered>
      <Table withRowBorders={false} verticalSpacing={5}>
        <Table.Tbody>
          {places.map(({ to, label, key }) => (
            <Row key={to} keys={["g", key]} what={`Go to ${label}`} />
          ))}
          <Row keys={["/"]} what="Find in the list" />
          <Row keys={["?"]} what="Show this" />
          <Row keys={["Ctrl", "Shift", "F"]} what="In a terminal: search the scrollback" />
          <Row keys={["Ctrl", "Shift", "←"]} what="In a terminal: leave it, to the tabs" />
        </Table.Tbody>
      </Table>
    </Modal>
  );
}

function Row({ keys, what }: { keys: readonly string[]; what: string }) {
  return (
    <Table.Tr>
      <Table.Td w={150}>
        {keys.map((key) => (
          <Kbd key={key} mr={4}>
            {key}
          </Kbd>
        ))}
      </Table.Td>
      <Table.Td>{what}</Table.Td>
    </Table.Tr>
  );
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input, textarea, select, [role=textbox], [role=combobox]"))
  );
}
