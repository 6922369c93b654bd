/** Finds text in the scrollback. Enter goes back in time, Shift-Enter forward, Escape closes. */
import { ActionIcon, TextInput } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconX } from "@tabler/icons-react";
import { type RefObject, useEffect, useState } from "react";

import type { Screen } from "./screen.ts";
import classes from "./search-bar.module.css";

const decorations = {
  matchBackground: "#5a4512",
  matchOverviewRuler: "#f2a13a",
  activeMatchBackground: "#a86a10",
  activeMatchColorOverviewRuler: "#ffffff",
};

export function SearchBar({ screen, onClose }: { screen: RefObject<Screen | undefined>; onClose: () => void }) {
  const [text, setText] = useState("");
  const [found, setFound] = useState<{ at: number; count: number }>();

  useEffect(() => {
    const search = screen.current?.search;
    const listening = search?.onDidChangeResults(({ resultIndex, resultCount }) => setFound({ at: resultIndex + 1, count: resultCount }));
    return () => {
      listening?.dispose();
      search?.clearDecorations();
    };
  }, [screen]);

  const find = (direction: "findNext" | "findPrevious", wanted = text, incremental = false) => {
    if (wanted === "") {
      screen.current?.search.clearDecorations();
      setFound(undefined);
      return;
    }
    screen.current?.search[direction](wanted, { decorations, incremental });
  };

  return (
    <div className={classes.bar} role="search">
      <TextInput
        size="xs"
        aria-label="Search the scrollback"
        placeholder="Search"
        value={text}
        autoFocus
        onChange={(event) => {
          setText(event.currentTarget.value);
          find("findPrevious", event.currentTarget.value, true);
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") onClose();
          if (event.key === "Enter") find(event.shiftKey ? "findNext" : "findPrevious");
        }}
      />
      <span className={`number ${classes.count}`} role="status">
        {found === undefined ? "" : found.count === 0 ? "none" : `${found.at}/${found.count}`}
      </span>
      <ActionIcon variant="subtle" color="gray" onClick={() => find("findPrevious")} aria-label="Earlier match">
        <IconArrowUp size={16} />
      </ActionIcon>
      <ActionIcon variant="subtle" color="gray" onClick={() => find("findNext")} aria-label="Later match">
        <IconArrowDown size={16} />
      </ActionIcon>
      <ActionIcon variant="subtle" color="gray" onClick={onClose} aria-label="Close the search">
        <IconX size={16} />
      </ActionIcon>
    </div>
  );
}
