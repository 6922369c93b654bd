/** Named values side by side, in a panel. */
import type { ReactNode } from "react";

import classes from "./facts.module.css";

export function Facts({ children }: { children: ReactNode }) {
  return <div className={`panel ${classes.facts}`}>{children}</div>;
}

interface FactProps {
  name: string;
  value: ReactNode;
  /** Something to notice, such as an exit code that is not 0. */
  strong?: boolean;
  mono?: boolean;
  /** May take a line of its own. */
  wide?: boolean;
}

export function Fact({ name, value, strong = false, mono = false, wide = false }: FactProps) {
  return (
    <div className={classes.fact} data-wide={wide || undefined}>
      <span>{name}</span>
      <strong className={mono ? "mono" : "number"} data-strong={strong || undefined}>
        {value}
      </strong>
    </div>
  );
}
