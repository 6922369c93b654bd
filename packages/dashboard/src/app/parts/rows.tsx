/** A table that is a list of links: whole rows lead somewhere, and on a phone the cells wrap instead of scrolling sideways. */
import { Skeleton, Stack } from "@mantine/core";
import type { ReactNode } from "react";

import classes from "./rows.module.css";

export function Rows({ label, children }: { label: string; children: ReactNode }) {
  return (
    <ul className={classes.rows} aria-label={label}>
      {children}
    </ul>
  );
}

interface RowProps {
  /** Is read first. */
  main: ReactNode;
  /** Line up at the right, or below it on a phone. */
  facts: ReactNode;
  current?: boolean;
  /** So short that one line is enough on a phone too. */
  short?: boolean;
}

export function Row({ main, facts, current = false, short = false }: RowProps) {
  return (
    <li className={classes.row} data-current={current || undefined} data-short={short || undefined}>
      <div className={classes.main}>{main}</div>
      <div className={classes.facts}>{facts}</div>
    </li>
  );
}

/** Put on the one link of a row, so that all of the row answers to it. */
export const rowLink = classes.link as string;

export function RowsLoading() {
  return (
    <Stack gap={8} p="md" aria-label="Loading">
      <Skeleton height={20} />
      <Skeleton height={20} width="80%" />
      <Skeleton height={20} width="90%" />
    </Stack>
  );
}
